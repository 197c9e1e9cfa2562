import { expect, test } from 'vitest'
import { shippedHolidays } from '../src/domain/holidays.ts'
import { describeHolidays, looksLikeHolidays, readHolidays } from '../src/domain/read-holidays.ts'

const notice2026 = `国务院办公厅关于2026年部分节假日安排的通知
国办发明电〔2025〕7号
各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
经国务院批准，现将2026年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。`

const notice2025 = `国务院办公厅关于2025年部分节假日安排的通知
一、元旦：1月1日（周三）放假1天，不调休。
二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。
三、清明节：4月4日（周五）至6日（周日）放假，共3天。
四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。
五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。
六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。`

const plain = (days: { date: string; isOffDay: boolean }[]) => days.map((d) => `${d.date} ${d.isOffDay}`).sort()

test.each([
  [2025, notice2025],
  [2026, notice2026],
])('the notice of %i as it is pasted is what ships', (year, text) => {
  const read = readHolidays(text)
  if (read.kind !== 'read') throw new Error(JSON.stringify(read))
  expect(read.year.year).toBe(year)
  expect(plain(read.year.days)).toEqual(plain(shippedHolidays.find((y) => y.year === year)!.days))
})

test("full-width digits, without line breaks, and holiday-cn's JSON are read too", () => {
  const wide = notice2026.replace(/\d/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0)).replace(/\n/g, '')
  const read = readHolidays(wide)
  expect(read.kind === 'read' && read.year.days.length).toBe(shippedHolidays[1]!.days.length)
  const json = readHolidays(JSON.stringify(shippedHolidays[1]))
  expect(json.kind === 'read' && plain(json.year.days)).toEqual(plain(shippedHolidays[1]!.days))
})

test('shown back a line for each holiday', () => {
  const read = readHolidays(notice2026)
  if (read.kind !== 'read') throw new Error('unread')
  expect(describeHolidays(read.year).slice(0, 2)).toEqual([
    '元旦：1月1日（周四）至1月3日（周六）放假，共3天；1月4日（周日）上班',
    '春节：2月15日（周日）至2月23日（周一）放假，共9天；2月14日（周六）、2月28日（周六）上班',
  ])
})

test('what contradicts itself or the law is named, and nothing is taken', () => {
  const wrong = (text: string) => {
    const read = readHolidays(text)
    return read.kind === 'wrong' ? read.problems : read.kind
  }
  expect(wrong(notice2026.replace('1月4日（周日）上班', '1月4日（周六）上班'))).toEqual([
    '元旦：1月4日写的是周六，2026年的这一天是周日。',
  ])
  expect(wrong(notice2026.replace('放假，共3天。\n四', '放假，共4天。\n四'))).toEqual([
    '清明节写的是共4天，实际列出3天。',
  ])
  expect(wrong(notice2026.replace(/六、中秋节[^\n]*\n/, ''))).toEqual([
    '中秋节9月25日是法定节假日，通知中没有列为放假。',
  ])
  expect(wrong(notice2026.replace('5月9日（周六）上班', '5月8日上班'))).toEqual([
    '5月8日（周五）写的是调休上班，但它本来就不是周末。',
  ])
  expect(wrong(notice2026.replaceAll('2026', '2027'))).toContain('元旦：1月1日写的是周四，2027年的这一天是周五。')
  expect(wrong('{"year":2027,"days":[{"name":"元旦","date":"2027-01-32","isOffDay":true}]}')).toEqual([
    '“2027-01-32”不是有效日期。',
  ])
  expect(wrong('{"isOffDay"')).toEqual(['JSON 不完整或格式有误，请重新复制全文。'])
})

test('a year that is published as a placeholder without days is not taken for one', () => {
  const read = readHolidays('{"year":2027,"papers":[],"days":[],"x":"isOffDay"}'.replace('"x"', '"isOffDay"'))
  expect(read.kind).toBe('wrong')
})

test('ordinary talk about holidays is no notice', () => {
  for (const text of ['2026年国庆放假吗？', '1. 春节放假前完成盘点 20分', '放假通知'])
    expect(looksLikeHolidays(text), text).toBe(false)
})
