import { z } from 'zod'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, '应为时刻，例如 "09:00"（带引号）')

/** A wording with {称呼}, {公司} and, for anniversaries, {年数}: at least one, and no other braces. */
const wordings = (...allowed: string[]) =>
  z
    .array(
      z
        .string()
        .trim()
        .min(4)
        .max(500)
        .refine((text) => [...text.matchAll(/\{([^}]*)\}/g)].every((m) => allowed.includes(m[1]!)), {
          message: `花括号中只能是 ${allowed.map((a) => `{${a}}`).join(' ')}`,
        })
        // Somebody's age is never mentioned (features.md 5.1).
        .refine((text) => !/年龄|岁数|周岁|晚年|高寿/.test(text), '不能提到年龄'),
    )
    .min(1)

const BIRTHDAY = [
  '{称呼}，生日快乐！愿您今天有好心情，新的一年平安顺遂。',
  '{称呼}，祝您生日快乐！感谢您一直以来的认真与投入，愿日子温暖而明亮。',
  '今天是属于您的日子，{称呼}，生日快乐！愿所盼皆有回应。',
  '{称呼}，生日快乐！忙碌之余，记得给自己留一点庆祝的时间。',
  '{公司}祝{称呼}生日快乐！愿您身体健康，家人安康。',
  '{称呼}，又到您的生日了，祝您快乐！愿工作顺手，生活顺心。',
  '{称呼}，生日快乐！谢谢您把事情做得踏实，愿好运常伴。',
  '祝{称呼}生日快乐！愿新的一年里，每一份用心都有收获。',
]
const ANNIVERSARY = [
  '{称呼}，今天是您加入{公司}满{年数}年的日子，感谢一路同行！',
  '{称呼}，祝贺您入职满{年数}年！谢谢您这些年的付出。',
  '入职{年数}周年快乐，{称呼}！愿接下来的路继续并肩而行。',
  '{称呼}，您和{公司}一起走过了{年数}年，谢谢您的坚持与信任。',
  '今天值得记下：{称呼}入职满{年数}年。感谢您，也期待往后的日子。',
  '{称呼}，{年数}年的用心大家都看在眼里，入职周年快乐！',
  '感谢{称呼}与{公司}相伴{年数}年，愿工作常有成就，生活常有欢喜。',
  '{称呼}，入职满{年数}年了，辛苦了，也谢谢您！',
]
const BOTH = [
  '{称呼}，双喜临门：今天既是您的生日，也是您入职满{年数}年的日子。生日快乐，感谢同行！',
  '祝{称呼}生日快乐！今天也正好是您加入{公司}的{年数}周年，谢谢您一路的付出。',
  '{称呼}，生日快乐！巧的是，您来到{公司}也满{年数}年了，双份祝福送给您。',
  '生日快乐，{称呼}！也祝贺您入职满{年数}年，愿好事成双。',
]

/** People's moments, domain.md §7. */
export const momentSettings = z
  .strictObject({
    wishTime: time.default('09:00'),
    restDay: z.enum(['same-day', 'workday-before']).default('same-day'),
    feb29: z.enum(['02-28', '03-01']).default('02-28'),
    /** Ask people privately, once, when their birthday is unknown. */
    askBirthday: z.boolean().default(true),
    /** Day of the month on which HR gets the list of the next month's birthdays. */
    listDay: z.number().int().min(1).max(28).default(25),
    birthday: wordings('称呼', '公司').default(BIRTHDAY),
    anniversary: wordings('称呼', '公司', '年数').default(ANNIVERSARY),
    both: wordings('称呼', '公司', '年数').default(BOTH),
    /** What a newcomer reads about the first week, a line each. */
    firstWeek: z
      .array(z.string().trim().min(1).max(120))
      .max(8)
      .default([
        '第1天：领取办公用品，认识同组同事',
        '第2至3天：熟悉岗位职责和规章制度',
        '本周内：与直属上级确认试用期目标',
      ]),
    /** Names of text attributes on the platforms to look into, in this order. */
    fields: z
      .strictObject({
        birthday: z.array(z.string()).default(['生日', '出生日期', '公历生日', '阳历生日']),
        lunarBirthday: z.array(z.string()).default(['农历生日', '阴历生日']),
        probationEnds: z.array(z.string()).default(['转正日期', '试用期结束日期', '试用期到期日']),
        contractEnds: z.array(z.string()).default(['合同到期日', '合同结束日期', '合同到期日期']),
      })
      .prefault({}),
  })
  .prefault({})

/** Columns for everybody on the last working day of the week: name to texts. HR adds more in chat. */
export const columnSettings = z
  .strictObject({
    time: time.default('17:00'),
    texts: z
      .record(z.string().min(1).max(20), z.array(z.string().trim().min(4).max(800)))
      .default({ 心灵启示: [], 轻松一刻·周末愉快: [] }),
  })
  .prefault({})

/** How long data is kept (features.md 5.4): the shortest time that serves its purpose. */
export const retentionSettings = z
  .strictObject({
    /** Birthday, ends of probation and contract, after somebody left. */
    personalDays: z.number().int().min(0).max(365).default(30),
    /** HR talks, after they were held. */
    talkYears: z.number().int().min(1).max(10).default(3),
    /** Weekly reports, months, appeals, whom surveys asked, and the names of people who left. */
    recordYears: z.number().int().min(1).max(10).default(3),
    /** Who did what when; outlives the records, because it is what proves that they were handled rightly. */
    auditYears: z.number().int().min(1).max(15).default(5),
  })
  .refine((r) => r.auditYears >= r.recordYears, {
    path: ['auditYears'],
    message: '不能短于 recordYears：记录须有对应的操作记录',
  })
  .prefault({})

export type MomentsFile = z.infer<typeof momentSettings>
