/** What a picture may weigh, as it came. */
export const MOST_PICTURE_BYTES = 5 * 1024 * 1024

export type Picture = { type: 'image/jpeg' | 'image/png'; bytes: Buffer }

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Chunks that draw the picture; all others say something about it: place, time, device, author. */
const PNG_KEPT = new Set([
  'IHDR',
  'PLTE',
  'IDAT',
  'IEND',
  'tRNS',
  'gAMA',
  'cHRM',
  'sRGB',
  'iCCP',
  'sBIT',
  'bKGD',
  'pHYs',
])

/**
 * A JPEG or PNG by what is in it, whatever it is called, without what a phone writes beside the picture (place, time, device,
 * a small copy of it, anything behind its end). How it is turned stays.
 *
 * @returns `not-a-picture` also for one that is cut off or damaged
 */
export function readPicture(bytes: Buffer): Picture | 'too-big' | 'not-a-picture' {
  if (bytes.length > MOST_PICTURE_BYTES) return 'too-big'
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 ? plainJpeg(bytes) : undefined
  if (jpeg) return { type: 'image/jpeg', bytes: jpeg }
  const png = bytes.subarray(0, 8).equals(PNG) ? plainPng(bytes) : undefined
  return png ? { type: 'image/png', bytes: png } : 'not-a-picture'
}

function plainJpeg(bytes: Buffer): Buffer | undefined {
  const kept: Buffer[] = [bytes.subarray(0, 2)]
  let turned = 1
  let drawn = false
  for (let at = 2; at + 1 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1]!
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === 0xd9) {
      if (!drawn) return undefined
      if (turned !== 1) kept.splice(1, 0, orientation(turned))
      return Buffer.concat([...kept, bytes.subarray(at, at + 2)])
    }
    if (at + 4 > bytes.length) return undefined
    const length = bytes.readUInt16BE(at + 2)
    const end = at + 2 + length
    if (length < 2 || end > bytes.length) return undefined
    const segment = bytes.subarray(at, end)
    // APP0 is JFIF, APP14 says how colours are meant; the other applications' segments and comments go.
    const spoken = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe
    if (marker === 0xe1) turned = orientationOf(segment) ?? turned
    if (!spoken) kept.push(segment)
    at = end
    if (marker !== 0xda) continue
    drawn = true
    // The drawing itself: up to the next marker that is no part of it.
    while (at + 1 < bytes.length && !(bytes[at] === 0xff && isMarker(bytes[at + 1]!))) at++
    kept.push(bytes.subarray(end, at))
  }
  return undefined
}

const isMarker = (byte: number): boolean => byte !== 0 && byte !== 0xff && !(byte >= 0xd0 && byte <= 0xd7)

/** 1…8 of an Exif segment; undefined when it says nothing about it. */
function orientationOf(segment: Buffer): number | undefined {
  if (segment.toString('latin1', 4, 10) !== 'Exif\0\0') return undefined
  const tiff = segment.subarray(10)
  const order = tiff.toString('latin1', 0, 2)
  if (tiff.length < 10 || (order !== 'II' && order !== 'MM')) return undefined
  const u16 = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const first = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (first + 2 > tiff.length) return undefined
  for (let i = 0, at = first + 2; i < u16(first) && at + 12 <= tiff.length; i++, at += 12) {
    const value = u16(at + 8)
    if (u16(at) === 0x0112 && value >= 1 && value <= 8) return value
  }
  return undefined
}

/** An Exif segment that says how the picture is turned, and nothing else. */
const orientation = (value: number): Buffer =>
  Buffer.concat([
    Buffer.from([0xff, 0xe1, 0, 34]),
    Buffer.from('Exif\0\0MM\0*', 'latin1'),
    Buffer.from([0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0]),
  ])

function plainPng(bytes: Buffer): Buffer | undefined {
  const kept: Buffer[] = [PNG]
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    const name = bytes.toString('latin1', at + 4, at + 8)
    if (PNG_KEPT.has(name)) kept.push(bytes.subarray(at, end))
    if (name === 'IEND') return kept.length > 3 ? Buffer.concat(kept) : undefined
    at = end
  }
  return undefined
}
