import { crc32, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { drawTrend } from '../src/trend-png.ts'

/** The parts of a PNG, each with its checksum verified. */
function chunks(png: Buffer): Record<string, Buffer> {
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a')
  const found: Record<string, Buffer> = {}
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const body = png.subarray(at + 4, at + 8 + length)
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body) >>> 0)
    found[body.subarray(0, 4).toString('latin1')] = body.subarray(4)
    at += length + 12
  }
  return found
}

/** How many pixels have the line's colour in a column. */
function blueIn(png: Buffer, x: number): number[] {
  const raw = inflateSync(chunks(png).IDAT!)
  const rows: number[] = []
  for (let y = 0; y < 400; y++) {
    const at = y * (720 * 3 + 1) + 1 + x * 3
    if (raw[at] === 20 && raw[at + 1] === 86 && raw[at + 2] === 196) rows.push(y)
  }
  return rows
}

test('a trend is a PNG of 720 by 400 that any program can read, the same every time', () => {
  const trend = { labels: ['26-10', '26-11'], values: [80, 60] }
  const png = drawTrend(trend)
  const { IHDR, IDAT, IEND } = chunks(png)
  expect([IHDR!.readUInt32BE(0), IHDR!.readUInt32BE(4), IHDR![8], IHDR![9]]).toEqual([720, 400, 8, 2])
  expect(inflateSync(IDAT!)).toHaveLength((720 * 3 + 1) * 400)
  expect(IEND).toHaveLength(0)
  expect(drawTrend(trend).equals(png)).toBe(true)
  expect(png.length).toBeLessThan(100_000)
})

test('the line falls when the score does, and a round without one leaves no point', () => {
  const falling = drawTrend({ labels: ['1', '2'], values: [90, 10] })
  const [early, late] = [blueIn(falling, 260), blueIn(falling, 500)]
  expect(Math.max(...early)).toBeLessThan(Math.min(...late))
  const single = drawTrend({ labels: ['1', '2', '3'], values: [null, 50, null] })
  expect(blueIn(single, 200)).toEqual([])
  expect(() => drawTrend({ labels: [], values: [] })).not.toThrow()
  expect(() => drawTrend({ labels: ['1'], values: [null] })).not.toThrow()
})
