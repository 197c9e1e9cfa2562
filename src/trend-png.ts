import { crc32, deflateSync } from 'node:zlib'

/**
 * The picture of a trend, drawn without fonts or libraries: everything on it, digits too, is a stroke with round ends. That
 * way it is the same on every machine, a container without fonts included.
 */
export interface Trend {
  /** Digits and `-` only, e.g. `26-11`; oldest first. */
  labels: string[]
  /** 0…100, or null where there was none. */
  values: (number | null)[]
}

type Point = [x: number, y: number]
type Colour = [red: number, green: number, blue: number]
interface Stroke {
  points: Point[]
  width: number
  colour: Colour
}

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 76, right: 690, top: 48, bottom: 336 }
const INK: Colour = [27, 31, 36]
const GREY: Colour = [84, 91, 100]
const LINE: Colour = [227, 230, 234]
const ACCENT: Colour = [20, 86, 196]

/** Points on an ellipse, by angles in quarter turns from the right, downwards. */
const arc = (cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] =>
  Array.from({ length: 13 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / 12) * Math.PI) / 2
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)]
  })

/** Strokes of a digit in a box 6 wide and 10 high. */
const GLYPHS: Record<string, Point[][]> = {
  '0': [arc(3, 5, 3, 5, 0, 4)],
  '1': [
    [
      [1, 2],
      [3.4, 0],
      [3.4, 10],
    ],
  ],
  '2': [[...arc(3, 3, 3, 3, -2, 0.6), [0, 10], [6, 10]]],
  '3': [arc(2.8, 2.6, 2.8, 2.6, -2, 1), arc(2.8, 7.4, 3.2, 2.4, -1, 2.2)],
  '4': [
    [
      [4.4, 10],
      [4.4, 0],
      [0, 7],
      [6, 7],
    ],
  ],
  '5': [[[5.4, 0], [0.8, 0], [0.4, 4.4], ...arc(2.8, 6.8, 3.2, 3.2, -1.2, 1.8)]],
  '6': [arc(3, 7, 3, 3, 0, 4), [[0, 7], ...arc(4, 4.6, 4, 4.6, -2, -0.9)]],
  '7': [
    [
      [0, 0],
      [6, 0],
      [2, 10],
    ],
  ],
  '8': [arc(3, 2.5, 2.5, 2.5, 0, 4), arc(3, 7.5, 3, 2.5, 0, 4)],
  '9': [arc(3, 3, 3, 3, 0, 4), [[6, 3], ...arc(2, 5.4, 4, 4.6, 0, 1.1)]],
  '-': [
    [
      [1, 5.4],
      [5, 5.4],
    ],
  ],
  '.': [
    [
      [1, 10],
      [1, 10],
    ],
  ],
}
const advance = (char: string): number => (char === '.' ? 4 : 9)

/** Text as strokes. `x` is its middle (or its end), `y` its top. */
function write(text: string, x: number, y: number, size: number, colour: Colour, at: 'middle' | 'end'): Stroke[] {
  const scale = size / 10
  const length = ([...text].reduce((sum, c) => sum + advance(c), 0) - 3) * scale
  let pen = at === 'middle' ? x - length / 2 : x - length
  return [...text].flatMap((char) => {
    const strokes = (GLYPHS[char] ?? []).map((points) => ({
      points: points.map(([px, py]): Point => [pen + px * scale, y + py * scale]),
      width: size / 8,
      colour,
    }))
    pen += advance(char) * scale
    return strokes
  })
}

function strokesOf({ labels, values }: Trend): Stroke[] {
  const yOf = (value: number) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * value) / 100
  const step = (PLOT.right - PLOT.left) / Math.max(labels.length, 1)
  const xOf = (i: number) => PLOT.left + step * (i + 0.5)
  const strokes: Stroke[] = []
  for (const tick of [0, 25, 50, 75, 100]) {
    const y = yOf(tick)
    strokes.push({
      points: [
        [PLOT.left, y],
        [PLOT.right, y],
      ],
      width: 1.5,
      colour: LINE,
    })
    strokes.push(...write(`${tick}`, PLOT.left - 14, y - 8, 16, GREY, 'end'))
  }
  // More than seven would run into one another: then every second one, the newest among them.
  const every = labels.length > 7 ? 2 : 1
  const isSaid = (i: number) => (labels.length - 1 - i) % every === 0
  for (const [i, label] of labels.entries())
    if (isSaid(i)) strokes.push(...write(label, xOf(i), PLOT.bottom + 20, 18, GREY, 'middle'))
  const known = values.flatMap((value, i) => (value === null ? [] : [{ i, x: xOf(i), y: yOf(value), value }]))
  strokes.push({ points: known.map(({ x, y }): Point => [x, y]), width: 4, colour: ACCENT })
  for (const { i, x, y, value } of known) {
    strokes.push({ points: [[x, y]], width: 15, colour: ACCENT })
    strokes.push({ points: [[x, y]], width: 8, colour: [255, 255, 255] })
    if (!isSaid(i)) continue
    // Above the line, below it where there is no room.
    const top = y - 38 < 4 ? y + 16 : y - 38
    strokes.push(...write(value.toFixed(1), x, top, 20, INK, 'middle'))
  }
  return strokes
}

/** Lays one stroke over the picture; its edge is as wide as a pixel. */
function paint(pixels: Uint8ClampedArray, { points, width, colour }: Stroke): void {
  const radius = width / 2
  const covers = new Map<number, number>()
  for (let i = 0; i < Math.max(1, points.length - 1); i++) {
    const [ax, ay] = points[i] ?? [-99, -99]
    const [bx, by] = points[i + 1] ?? [ax, ay]
    const reach = radius + 1
    const [left, right] = [
      Math.max(0, Math.floor(Math.min(ax, bx) - reach)),
      Math.min(WIDTH - 1, Math.ceil(Math.max(ax, bx) + reach)),
    ]
    const [top, bottom] = [
      Math.max(0, Math.floor(Math.min(ay, by) - reach)),
      Math.min(HEIGHT - 1, Math.ceil(Math.max(ay, by) + reach)),
    ]
    const [dx, dy] = [bx - ax, by - ay]
    const square = dx * dx + dy * dy
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - ax, y + 0.5 - ay]
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / square))
        const distance = Math.hypot(px - along * dx, py - along * dy)
        const cover = Math.min(1, Math.max(0, radius + 0.5 - distance))
        const at = y * WIDTH + x
        // Two pieces of one stroke must not darken their joint.
        if (cover > (covers.get(at) ?? 0)) covers.set(at, cover)
      }
  }
  for (const [at, cover] of covers)
    for (const [part, value] of colour.entries())
      pixels[at * 3 + part] = pixels[at * 3 + part]! * (1 - cover) + value * cover
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body) >>> 0, body.length + 4)
  return out
}

/** A PNG, 720 × 400, some kilobytes. The newest twelve are shown. */
export function drawTrend(trend: Trend): Buffer {
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 3).fill(255)
  const newest = { labels: trend.labels.slice(-12), values: trend.values.slice(-12) }
  for (const stroke of strokesOf(newest)) if (stroke.points.length > 0) paint(pixels, stroke)
  const row = WIDTH * 3
  const raw = Buffer.alloc((row + 1) * HEIGHT)
  for (let y = 0; y < HEIGHT; y++) raw.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(WIDTH)
  header.writeUInt32BE(HEIGHT, 4)
  // 8 bits a colour, red green blue.
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
