import { afterEach, describe, expect, test } from 'vitest'
import { keepNoLonger } from '../handlers/moments/retention.ts'
import { confirmTeam, teamMonth } from '../handlers/month/flow.ts'
import { attachPicture, pictureFor } from '../handlers/month/pictures.ts'
import { settleMonth } from '../handlers/month/settle.ts'
import { MOST_PICTURE_BYTES, readPicture } from '../src/domain/picture.ts'
import { fileAddress } from '../src/platforms/dingtalk/picture.ts'
import { type MonthWorld, startMonthWorld } from './month-world.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const segment = (marker: number, body: Buffer) => {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
/** Exif of a phone: which way up it was held (6), and where it was taken. */
const exif = (turned: number) =>
  segment(
    0xe1,
    Buffer.concat([
      Buffer.from('Exif\0\0MM\0*', 'latin1'),
      hex(
        `00000008 0002 0112 0003 00000001 00${turned.toString(16).padStart(2, '0')} 0000 8825 0004 00000001 00000026`,
      ),
      Buffer.from('GPS 39.9042N 116.4074E'),
    ]),
  )
const scan = Buffer.concat([segment(0xda, hex('01 01 00 00 3f 00')), hex('12 ff00 34 ffd0 56')])
/** Enough of a JPEG for what has to be decided: JFIF, Exif, a comment, tables, the drawing, its end, and something behind. */
const jpeg = (turned = 6) =>
  Buffer.concat([
    hex('ffd8'),
    segment(0xe0, Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\0\0', 'latin1')),
    exif(turned),
    segment(0xfe, Buffer.from('taken by 赵敏')),
    segment(0xdb, Buffer.alloc(65, 7)),
    segment(0xc0, hex('08 0001 0001 01 01 11 00')),
    scan,
    hex('ffd9'),
    Buffer.from('a small copy with its place'),
  ])
const chunk = (name: string, body = Buffer.alloc(0)) => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length)
  head.write(name, 4, 'latin1')
  return Buffer.concat([head, body, Buffer.alloc(4)])
}
const png = () =>
  Buffer.concat([
    hex('89504e470d0a1a0a'),
    chunk('IHDR', Buffer.alloc(13)),
    chunk('tEXt', Buffer.from('Location\0Beijing')),
    chunk('eXIf', Buffer.from('MM')),
    chunk('IDAT', Buffer.alloc(9)),
    chunk('IEND'),
    Buffer.from('behind'),
  ])

describe('what a picture is', () => {
  test('a JPEG keeps how it is turned and what draws it; place, device, comment and what lies behind go', () => {
    const read = readPicture(jpeg())
    if (typeof read === 'string') throw new Error(read)
    expect(read.type).toBe('image/jpeg')
    const said = read.bytes.toString('latin1')
    for (const gone of ['GPS', 'taken by', 'small copy']) expect(said).not.toContain(gone)
    for (const kept of ['JFIF', scan.toString('latin1')]) expect(said).toContain(kept)
    expect(read.bytes.subarray(-2)).toEqual(hex('ffd9'))
    // Read again it says the same, byte for byte.
    expect(readPicture(read.bytes)).toEqual(read)
    const exifAt = said.indexOf('Exif')
    expect(read.bytes.readUInt16BE(exifAt + 6 + 18)).toBe(6)
    expect(said.indexOf('Exif', exifAt + 1)).toBe(-1)
    const upright = readPicture(jpeg(1))
    expect(typeof upright !== 'string' && upright.bytes.includes('Exif')).toBe(false)
  })

  test('a PNG keeps what draws it', () => {
    const read = readPicture(png())
    if (typeof read === 'string') throw new Error(read)
    expect(read.type).toBe('image/png')
    for (const gone of ['tEXt', 'eXIf', 'behind']) expect(read.bytes.includes(gone)).toBe(false)
    expect(readPicture(read.bytes)).toEqual(read)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a script that is called a picture', Buffer.from('<svg onload=alert(1)>')],
    ['GIF', Buffer.from('GIF89a')],
    ['the beginning of a JPEG', jpeg().subarray(0, 60)],
    ['a JPEG without a drawing', Buffer.concat([hex('ffd8'), hex('ffd9')])],
    ['a JPEG whose segment is longer than it', hex('ffd8 ffe1 ffff 00')],
    ['the beginning of a PNG', png().subarray(0, 40)],
    ['a PNG without a drawing', Buffer.concat([png().subarray(0, 8), chunk('IEND')])],
  ])('%s is none', (_, bytes) => {
    expect(readPicture(bytes)).toBe('not-a-picture')
  })

  test('a size too big by one byte is told', () => {
    expect(readPicture(Buffer.alloc(MOST_PICTURE_BYTES + 1))).toBe('too-big')
    expect(readPicture(Buffer.alloc(MOST_PICTURE_BYTES))).toBe('not-a-picture')
  })

  test('no changed byte and no cut makes the reader fail', () => {
    for (const whole of [jpeg(), png()])
      for (let at = 0; at < whole.length; at++) {
        const changed = Buffer.from(whole)
        changed[at] = changed[at]! ^ 0xff
        expect(() => readPicture(changed)).not.toThrow()
        expect(() => readPicture(whole.subarray(0, at))).not.toThrow()
      }
  })

  test('DingTalk’s files are fetched over TLS, or from the host that was configured', () => {
    const bases = ['http://127.0.0.1:4001/']
    expect(fileAddress('https://any.example.com/a?b=1', bases)).toBe('https://any.example.com/a?b=1')
    expect(fileAddress('http://x.oss-cn-hangzhou.aliyuncs.com/a', bases)).toBe(
      'https://x.oss-cn-hangzhou.aliyuncs.com/a',
    )
    expect(fileAddress('http://127.0.0.1:4001/files/a', bases)).toBe('http://127.0.0.1:4001/files/a')
    for (const bad of ['http://127.0.0.1:27017/', 'http://aliyuncs.com.evil.cn/a', 'file:///etc/passwd', '', 7])
      expect(fileAddress(bad, bases)).toBeUndefined()
  })
})

let world: MonthWorld
afterEach(() => world?.stop())

describe.each([['wecom'], ['dingtalk']] as const)('in chat on %s', (platform) => {
  test('a picture sent right after recording belongs to the record; its person, its recorder’s line and HR see it', async () => {
    world = await startMonthWorld({ platforms: [platform] })
    const { ctx } = world.bot()
    const send = async (who: string, bytes: Buffer) => {
      await world[platform]!.sendPicture(who, bytes)
      await world.bot().idle()
      return world.phone(who).sees()
    }
    const li = world.phone('li')
    // Without a record it is about something else.
    expect(await send('li', jpeg())).not.toContain('照片已附在')
    await li.type('记 赵敏 会议迟到 1次 11月30日')
    await li.tap('确认记录')
    expect(li.sees()).toContain('如有现场照片，请在10分钟内直接发给我')
    expect(await send('li', Buffer.from('not a picture at all'))).toContain('只支持JPG或PNG')
    expect(await ctx.pictures.model.countDocuments()).toBe(0)
    expect(await send('li', Buffer.concat([jpeg(), Buffer.alloc(MOST_PICTURE_BYTES)]))).toContain('照片超过5MB')
    expect(await send('li', jpeg())).toContain('照片已附在赵敏的记录“11月30日 会议迟到”上')
    const [row] = await ctx.behaviours.model.find().lean()
    const id = row!._id
    const person = async (userId: string) => (await ctx.people.get(await world.idOf(userId)))!
    const sees = async (userId: string) => (await pictureFor(ctx, await person(userId), id)) !== undefined
    const plain = readPicture(jpeg())
    expect(await pictureFor(ctx, await person('zhao'), id)).toEqual(plain)
    expect([await sees('li'), await sees('wang'), await sees('zhou')]).toEqual([true, true, true])
    expect([await sees('qian'), await sees('sun')]).toEqual([false, false])
    // The last one counts; nobody else may add one.
    expect(await send('li', png())).toContain('照片已附在')
    expect((await pictureFor(ctx, await person('zhao'), id))!.type).toBe('image/png')
    const act = { id: 'by hand', at: world.clock.now() }
    for (const userId of ['zhao', 'wang', 'zhou'])
      expect(await attachPicture(ctx, act, await person(userId), id, jpeg())).toEqual({ kind: 'not-allowed' })
    // Later than ten minutes it is about something else again.
    world.clock.set('2026-11-30T09:12:00+08:00')
    expect(await send('li', jpeg())).not.toContain('照片已附在')
    expect(await ctx.audit.model.countDocuments({ what: 'behaviour-picture' })).toBe(2)
    await keepNoLonger(ctx, '2040-01-01')
    expect(await ctx.pictures.model.countDocuments()).toBe(0)
  })
})

test('a confirmed month takes no picture, and a platform that does not give it says so', async () => {
  world = await startMonthWorld()
  const { ctx } = world.bot()
  await world.phone('li').type('记 赵敏 会议迟到 1次 11月30日')
  await world.phone('li').tap('确认记录')
  Object.assign(world.wecom!.faults, { only: /media\/get/, next: ['http-500', 'busy'] })
  for (let i = 0; i < 2; i++) {
    await world.wecom!.sendPicture('li', jpeg())
    await world.bot().idle()
    expect(world.phone('li').sees()).toContain('照片没有取到，请再发一次')
  }
  // An unknown or expired id is refused by the platform with JSON.
  expect(await ctx.platforms.wecom!.picture!('no-such-media')).toBeUndefined()
  expect(await ctx.pictures.model.countDocuments()).toBe(0)
  const [row] = await ctx.behaviours.model.find().lean()
  const li = (await ctx.people.get(await world.idOf('li')))!
  // As big as it may be, to the byte.
  const whole = jpeg()
  const filling = Buffer.alloc(MOST_PICTURE_BYTES - whole.length, 0x55)
  const big = Buffer.concat([
    whole.subarray(0, whole.indexOf(scan) + scan.length),
    filling,
    whole.subarray(whole.indexOf(scan) + scan.length),
  ])
  const attached = await attachPicture(ctx, { id: 'big', at: world.clock.now() }, li, row!._id, big)
  expect(attached.kind).toBe('attached')
  const kept = (await pictureFor(ctx, li, row!._id))!
  expect(kept.bytes.equals((readPicture(big) as { bytes: Buffer }).bytes)).toBe(true)
  expect(kept.bytes.length).toBeGreaterThan(filling.length)
  for (const userId of ['zhao', 'qian'])
    for (const week of ['2026-W45', '2026-W46', '2026-W47', '2026-W48']) await world.scored(userId, week, 90)
  const at = new Date('2026-12-01T09:00:00+08:00')
  await settleMonth(ctx, '2026-11', at)
  const { digest } = await teamMonth(ctx, li._id, '2026-11', at)
  expect((await confirmTeam(ctx, { id: 'c', at }, li, li._id, '2026-11', digest)).kind).toBe('confirmed')
  expect(await attachPicture(ctx, { id: 'p', at }, li, row!._id, jpeg())).toEqual({
    kind: 'closed',
    state: 'confirmed',
  })
})
