import fc from 'fast-check'
import { writeXlsx } from 'hucre/xlsx'
import { describe, expect, test } from 'vitest'
import { CompanyError, parseCompany } from '../src/company.ts'
import { defaultCases } from '../src/domain/behaviour.ts'
import { makeCalendar } from '../src/domain/calendar.ts'
import { changePlan } from '../src/domain/change-plan.ts'
import { halfWidth, numeral, pointsOf, trimMarks } from '../src/domain/chat-text.ts'
import { readSnooze, recognise } from '../src/domain/commands.ts'
import { afterRecordWord, readBehaviour, recordInPassingOf } from '../src/domain/parse-behaviour.ts'
import { dayFrom } from '../src/domain/parse-day.ts'
import { commandHeading, headingOf } from '../src/domain/parse-headings.ts'
import { leaveDays, readLeaveWords } from '../src/domain/parse-leave.ts'
import { readListed, saysOutcome } from '../src/domain/parse-outcomes.ts'
import { parseReport, type ReportContext } from '../src/domain/parse-plan.ts'
import { parseScores, type Scoreable } from '../src/domain/parse-score.ts'
import { readSurvey } from '../src/domain/parse-survey.ts'
import { columnsOf, readRow } from '../src/domain/parse-table.ts'
import { readPicture } from '../src/domain/picture.ts'
import { readBirthday, readDate } from '../src/domain/read-birthday.ts'
import { readHolidays } from '../src/domain/read-holidays.ts'
import { contentText } from '../src/domain/template-text.ts'
import { isDay } from '../src/domain/time.ts'
import { readRoster } from '../src/excel/roster.ts'
import { readSheets } from '../src/excel/sheet.ts'
import { safeNext } from '../src/http/auth.ts'
import { createSessions } from '../src/http/session.ts'
import { decryptEvent, encryptEvent } from '../src/platforms/dingtalk/crypto.ts'
import { safeText } from '../src/platforms/dingtalk/markdown.ts'
import { CryptoError, decrypt, encrypt } from '../src/platforms/wecom/crypto.ts'
import { drawText, TEXT_BYTES } from '../src/platforms/wecom/draw-text.ts'
import { cutEncrypt, parseXml, XmlError } from '../src/platforms/wecom/xml.ts'
import { createSeal } from '../src/seal.ts'
import { standingClock } from './clock.ts'
import { companyYaml } from './company-of-five.ts'
import { cost } from './cost.ts'
import { outcomeLines, planLines, scoreLines } from './domain-chat-corpus.ts'
import { sharedIsClean } from './hostile.ts'
import { VECTOR_AES_KEY, vectorKeys } from './wecom-vectors.ts'

/** `FUZZ=100 npx vitest run test/fuzz-parsers.test.ts`: a hundred times as many tries, with another seed each time. */
const more = Number(process.env.FUZZ ?? 1)
const runs = (most: number) => ({ numRuns: most * more, ...(more === 1 && { seed: 20261127 }) })

const week = { today: '2026-11-27', planWeek: '2026-W49' }
const context: ReportContext = {
  ...week,
  summaryWeek: '2026-W48',
  planned: [
    { text: '招聘方案', kind: 'key', points: 20 },
    { text: '组织消防培训', kind: 'key', points: 30 },
    { text: '月度考勤汇总', kind: 'routine', points: 50 },
  ],
}
const people: (Scoreable & { aliases: string[] })[] = [
  { id: 'wang', name: '王五', aliases: ['小王'], planned: [20, 30, 50] },
  { id: 'li', name: '李四', aliases: ['四哥'], planned: [40, 40] },
  { id: 'odd', name: '__proto__', aliases: ['constructor', '.*', '('], planned: [100] },
]

/** Everything that reads what somebody typed, and what must hold of its answer. */
const readers: Record<string, (typed: string) => void> = {
  'a report': (typed) => {
    const { plan, unread, summary } = parseReport(typed, context)
    for (const item of plan) {
      expect(Number.isFinite(item.points)).toBe(true)
      expect(item.due === undefined || isDay(item.due)).toBe(true)
    }
    for (const { text } of unread) expect(text.length).toBeLessThanOrEqual(201)
    // Shown back and read again it throws as little.
    parseReport(contentText({ plan, ...(summary && { summary }) }, context), context)
  },
  'a change of the plan': (typed) => {
    for (const item of changePlan(typed, context.planned, context)?.plan ?? []) {
      expect(item.text).not.toBe('')
      expect(Number.isFinite(item.points)).toBe(true)
    }
  },
  scores: (typed) => {
    for (const score of parseScores(typed, people).scores)
      expect(people.some((p) => p.id === score.personId)).toBe(true)
  },
  'a wish': (typed) => void recognise(typed),
  'a snooze': (typed) => {
    const read = readSnooze(typed)
    if (read && 'minutes' in read) expect(read.minutes).toBeGreaterThan(0)
  },
  'a leave': (typed) => {
    const words = readLeaveWords(typed)
    const days = words && leaveDays(words, week.today, makeCalendar())
    if (days && days !== 'now') expect([isDay(days.from), isDay(days.to), days.from <= days.to]).not.toContain(false)
  },
  behaviour: (typed) => {
    const read = readBehaviour(afterRecordWord(typed)?.rest ?? typed, people, defaultCases, week.today)
    if (read.kind !== 'read') return
    expect(read.record.times).toBeGreaterThan(0)
    expect(isDay(read.record.day)).toBe(true)
  },
  'behaviour in passing': (typed) => {
    const rest = recordInPassingOf(typed, people, defaultCases)
    const names = people.flatMap(({ name, aliases }) => [name, ...aliases])
    if (rest !== undefined) expect(names.some((name) => rest.startsWith(name))).toBe(true)
  },
  'a survey': (typed) => {
    const read = readSurvey(typed, week, () => 's1')
    if ('survey' in read) expect(read.survey.dimensions.length + read.survey.choices.length).toBeGreaterThan(0)
  },
  'a birthday': (typed) => {
    const read = readBirthday(typed, week.today)
    if (read.kind === 'read') expect(read.birthday.month >= 1 && read.birthday.month <= 12).toBe(true)
  },
  'a date': (typed) => {
    const day = readDate(typed)
    expect(day === undefined || isDay(day)).toBe(true)
  },
  'a day': (typed) => {
    const read = dayFrom(typed, week)
    expect(read === undefined || isDay(read.day)).toBe(true)
  },
  'a holiday notice': (typed) => void readHolidays(typed),
  'a heading': (typed) => void [headingOf(typed), commandHeading(typed)],
  outcomes: (typed) => {
    for (const number of readListed(typed, 3)?.outcomes.keys() ?? []) expect([1, 2, 3]).toContain(number)
    saysOutcome(typed)
  },
  'a pasted row': (typed) => {
    const cells = typed.split('\t')
    readRow(cells, columnsOf(cells), 1, week)
  },
  numerals: (typed) => {
    expect(halfWidth(typed).length).toBeLessThanOrEqual(typed.length * 2)
    const number = numeral(typed)
    expect(number === undefined || Number.isFinite(number)).toBe(true)
    pointsOf(typed, undefined)
    trimMarks(typed)
  },
  'a text for WeCom': (typed) => {
    for (const part of drawText(typed)) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(TEXT_BYTES)
  },
  'a text for DingTalk': (typed) => void safeText(typed),
  'an address to come back to': (typed) => expect(safeNext(typed)).toMatch(/^\/h5/),
  'an envelope': (typed) => void cutEncrypt(Buffer.from(typed)),
  xml: (typed) => declared(() => parseXml(typed), XmlError),
}

/** Only the error that is part of the contract may come out. */
function declared(act: () => unknown, kind: new (...args: never[]) => Error): void {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(kind)
  }
}

const bits = [
  ...[
    '1',
    '、',
    '分',
    '20',
    '周三',
    '需',
    '支持',
    '：',
    '（',
    '）',
    '完成',
    '没',
    '除',
    '外',
    '都',
    '\t',
    '\n',
    ' ',
    '王五',
  ],
  ...[
    '其他',
    '扣',
    '总结',
    '计划',
    '一',
    '十',
    '半',
    '-',
    '.',
    '%',
    '月',
    '日',
    '重点',
    '记',
    '会议迟到',
    '次',
    '农历',
    '闰',
  ],
  ...[
    '初',
    '廿',
    '年',
    '2026',
    '放假',
    '调休',
    '至',
    '"',
    '{',
    '}',
    '<',
    '>',
    '&',
    '\u0000',
    '\u202e',
    '\ud800',
    '😀',
    '\u200b',
  ],
  ...[
    '__proto__',
    'constructor',
    '标题',
    '评分',
    '选择',
    '=',
    '/',
    '截止',
    '匿名',
    '<a href=',
    '<Encrypt>',
    '<![CDATA[',
    ']]>',
  ],
]
/** Noise, the words that parsers look for in any order, and real lines with something changed. */
const typed = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom(...bits), { maxLength: 120 }).map((parts) => parts.join('')),
  fc
    .tuple(
      fc.array(fc.constantFrom(...[...planLines, ...outcomeLines, ...scoreLines].map(([line]) => line)), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.nat(400),
      fc.nat(6),
      fc.constantFrom('', ...bits),
    )
    .map(([lines, at, gone, put]) => {
      const text = lines.join('\n')
      return text.slice(0, at) + put + text.slice(at + gone)
    }),
)

describe.each(Object.entries(readers))('whoever reads %s', (name, read) => {
  test('throws nothing but what it says, whatever is typed', () => {
    fc.assert(
      fc.property(typed, (text) => {
        read(text)
      }),
      runs(150),
    )
    expect(sharedIsClean()).toBe(true)
  })

  test('takes ten times as long for ten times as much, not a hundred times', () => {
    const slow: string[] = []
    for (const unit of [
      ...bits,
      '1、',
      '（1',
      '完成，',
      '需支持',
      '王五 1 ',
      '<a>',
      '&#1;',
      '周三周',
      '\n1. a 20分',
      '除1',
      '- -',
      '1.1.',
    ]) {
      const text = (length: number) => unit.repeat(Math.ceil(length / unit.length))
      // Cheap at the greater length is cheap; only what costs something is compared, and looked at longer.
      const [long, short] = [text(20_000), text(2_000)]
      if (cost(() => read(long), 1) < 30_000 || cost(() => read(long), 3) < 30_000) continue
      const great = cost(() => read(long), 20)
      if (
        great > 30_000 &&
        great >
          40 *
            Math.max(
              cost(() => read(short), 20),
              500,
            )
      )
        slow.push(`${JSON.stringify(unit)}: ${great} µs`)
    }
    expect([name, slow]).toEqual([name, []])
  })
})

describe('what is sealed, signed or encrypted', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const mangled = (whole: string) =>
    fc
      .tuple(fc.nat(whole.length), fc.nat(8), fc.string({ unit: 'binary', maxLength: 8 }))
      .map(([at, gone, put]) => whole.slice(0, at) + put + whole.slice(at + gone))
      .filter((text) => text !== whole)

  test('WeCom: any bytes give the message or the declared error', () => {
    const good = encrypt(vectorKeys, '<xml></xml>')
    const any = fc.oneof(
      bytes.map((b) => Buffer.from(b).toString('base64')),
      mangled(good),
    )
    fc.assert(
      fc.property(any, (text) => {
        declared(() => decrypt(vectorKeys, text), CryptoError)
      }),
      runs(500),
    )
  })

  test('DingTalk: any bytes give the message or nothing', () => {
    const good = encryptEvent('{"a":1}', 'owner', VECTOR_AES_KEY)
    const any = fc.oneof(
      bytes.map((b) => Buffer.from(b).toString('base64')),
      mangled(good),
    )
    fc.assert(
      fc.property(any, (text) => void decryptEvent(text, VECTOR_AES_KEY)),
      runs(500),
    )
  })

  test('a session or state that was changed anywhere is none', () => {
    const clock = standingClock('2026-11-27T15:00:00+08:00')
    const { seal, unseal } = createSessions({ secret: 'a-secret-of-thirty-two-characters', secure: true, clock })
    const good = seal('session', { p: 'e1', f: 'wecom', i: 1, e: 2 })
    expect(unseal('session', good)).toEqual({ p: 'e1', f: 'wecom', i: 1, e: 2 })
    fc.assert(
      fc.property(fc.oneof(mangled(good), fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
        expect(unseal('session', text)).toBeUndefined()
      }),
      runs(500),
    )
  })

  test('a sealed answer that was changed or moved is not opened', () => {
    const box = createSeal('a-secret-of-thirty-two-characters', 'round')
    const good = box.seal('ballot/1', '非常满意')
    expect(() => box.open('ballot/2', good)).toThrow()
    fc.assert(
      fc.property(fc.nat(Buffer.from(good, 'base64url').length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(good, 'base64url')
        changed[at] = changed[at]! ^ by
        expect(() => box.open('ballot/1', changed.toString('base64url'))).toThrow()
      }),
      runs(300),
    )
  })
})

describe('files', () => {
  test('a company file of any text is taken or refused with its lines', () => {
    const pieces = [
      'name: 公司\n',
      'positions:',
      ' { ',
      ' }',
      '\n  ',
      '- ',
      '*a',
      '&a ',
      '!!js/function ',
      '<<: ',
      '"',
      "'",
      '|\n',
      '? ',
      '\t',
    ]
    const yaml = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fc.constantFrom(...pieces, ...bits), { maxLength: 30 }).map((p) => p.join('')),
      fc
        .tuple(fc.nat(companyYaml.length), fc.nat(10), fc.constantFrom(...pieces, ...bits))
        .map(([at, gone, put]) => companyYaml.slice(0, at) + put + companyYaml.slice(at + gone)),
    )
    fc.assert(
      fc.property(yaml, (text) => {
        declared(() => parseCompany(text), CompanyError)
      }),
      runs(200),
    )
    expect(sharedIsClean()).toBe(true)
  })

  test('a roster of any bytes, also a workbook that was damaged, is read or refused in a sentence', async () => {
    const good = Buffer.from(
      await writeXlsx({
        sheets: [
          {
            name: '人员',
            rows: [
              ['姓名', '工号', '入职日期'],
              ['赵敏', '0003', '2022-03-01'],
            ],
            merges: [{ startRow: 0, startCol: 0, endRow: 0, endCol: 2 }],
          },
        ],
      }),
    )
    const damaged = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 12 })
      .map((flips) => {
        const copy = Buffer.from(good)
        for (const [at, by] of flips) copy[at] = copy[at]! ^ by
        return copy
      })
    const file = fc.oneof(
      damaged,
      fc.nat(good.length).map((n) => good.subarray(0, n)),
      fc.uint8Array({ maxLength: 500 }).map((b) => Buffer.from(b)),
      fc.uint8Array({ maxLength: 500 }).map((b) => Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.from(b)])),
    )
    await fc.assert(
      fc.asyncProperty(file, async (bytes) => {
        const read = await readRoster(bytes).catch((error: unknown) => {
          expect(error).toBeInstanceOf(Error)
          expect((error as Error).message).toMatch(/\p{Script=Han}/u)
          return undefined
        })
        for (const { value } of read?.rows ?? []) expect(typeof value.name).toBe('string')
      }),
      runs(150),
    )
  })

  test('a picture of any bytes is drawn from what is in it, or is none; nothing of it says where and when', () => {
    const png = Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      ...['IHDR', 'tEXt', 'IDAT', 'IEND'].map((name) =>
        Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from(`${name}GPS!crc!`)]),
      ),
    ])
    const jpeg = Buffer.from('ffd8ffe1000e457869660000475053210000ffda0003014711ffd9', 'hex')
    const bytes = fc.oneof(
      fc.constantFrom(png, jpeg).chain((good) =>
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
          const copy = Buffer.from(good)
          for (const [at, to] of changes) copy[at] = to
          return copy
        }),
      ),
      fc
        .uint8Array({ maxLength: 300 })
        .map((b) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1]), Buffer.from(b)])),
      fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.concat([png.subarray(0, 8), Buffer.from(b)])),
      fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)),
    )
    fc.assert(
      fc.property(bytes, (b) => {
        const read = readPicture(b)
        if (typeof read === 'string') return
        expect(read.bytes.length).toBeLessThanOrEqual(b.length + 40)
        expect(read.bytes.includes('tEXtGPS')).toBe(false)
      }),
      runs(1000),
    )
    expect(readPicture(png)).toMatchObject({ type: 'image/png' })
    const read = readPicture(jpeg)
    expect(typeof read === 'object' && !read.bytes.includes('GPS')).toBe(true)
  })

  test('a merge over sixteen thousand columns is read as far as the sheet is used', async () => {
    const rows = [['姓名', '工号'], ...Array.from({ length: 2000 }, (_, i) => [`人${i}`, String(i)])]
    const merges = [{ startRow: 0, startCol: 2, endRow: 1_048_575, endCol: 16_383 }]
    const sheets = await readSheets(await writeXlsx({ sheets: [{ name: '人员', rows, merges }] }))
    expect(sheets[0]!.rows).toHaveLength(2001)
    expect(Math.max(...sheets[0]!.rows.map((row) => row.length))).toBeLessThanOrEqual(3)
  })
})
