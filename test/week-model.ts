/**
 * A small model of three weeks, written from domain.md §3 and §11 and from nothing of the bot: what everybody's report is worth
 * after each thing that somebody does, and what everybody must have been told. Weeks are numbered from the bot's first one.
 */
export type Who = 'wang' | 'li' | 'zhao' | 'qian' | 'sun'
/** Those with weekly plans; the superior scores. */
export const superior = { li: 'wang', zhao: 'li', qian: 'li' } as const
export type Assessed = keyof typeof superior
export const assessed = Object.keys(superior) as Assessed[]
const isAssessed = (who: Who): who is Assessed => who in superior

const HOUR = 3_600_000
const WEEK = 168 * HOUR
const MONDAY = Date.parse('2026-11-02T00:00:00+08:00')
export const START = MONDAY + 9.5 * HOUR
const UNDO = 600_000
const deadline = (week: number) => MONDAY + week * WEEK + 132 * HOUR
/** The whole second 12:00:00 is still on time. */
const onTime = (at: number, week: number) => at < deadline(week) + 1000

/** What happens by itself in a week, and the instants around the deadline. */
export const moments = (week: number): [at: number, what: string][] => [
  ...[0, 1, 2, 3, 4].map((day): [number, string] => [MONDAY + week * WEEK + (24 * day + 10) * HOUR, 'to-score']),
  [deadline(week) - 20 * HOUR, 'first'],
  [deadline(week) - 3 * HOUR, 'morning'],
  [deadline(week) - HOUR, 'draft'],
  [deadline(week) - HOUR / 2, 'last'],
  [deadline(week), 'noon'],
  [deadline(week) + 1000, 'a second later'],
  [deadline(week) + 60_000, 'digest'],
]

export const plans = {
  one: { 考勤统计: 50 },
  three: { 招聘方案: 20, 消防培训: 30, 采购对账: 50 },
  odd: { 车辆年检: 33.5, 仓库盘点: 16.25 },
  none: { 卫生检查: 0 },
}
export type Plan = keyof typeof plans
const pointsOf = (plan?: Plan): number[] => (plan ? Object.values(plans[plan]) : [])
const total = (points: number[]) => points.reduce((a, b) => a + b, 0)

/** `outcomes` of the week's own plan and `words`, once something was said of them. */
export interface Content {
  plan?: Plan
  outcomes?: (string | null)[]
  words?: string
}
export interface Typed {
  plan?: Plan
  /** The same for every item; undefined: nothing is said of the items. */
  summary?: { outcome?: string; words: string }
}
interface Handed {
  at: number
  content: Content
  consent?: 'asked' | 'given' | 'refused'
  /** The sending back that it answered. */
  answers?: number
}
interface Score {
  points: number[]
  planned: number[]
  /** Nothing was planned: the week as a whole. */
  whole: boolean
  deducted: number
  by: Who
  at: number
}
export interface Row {
  handed: Handed[]
  draft?: { content: Content; key: number }
  returned?: number
  score?: Score
  /** Scores given and taken back: as many lines in the audit. */
  given: number
  taken: number
  leave?: 'proposed' | 'granted' | 'refused'
}

/** A card with what its buttons are about; `kind` is what can be read on it. */
export interface Card {
  kind: string
  to: Who
  about: Assessed
  week: number
  key?: number | undefined
  at?: number
  seen?: string
  points?: number[]
  deducted?: number
  typed?: Typed
}
/** `kind` may name several, where the rules leave open which. */
export type Said = { to: Who; kind: string; card: (kind: string) => Card }

/** 100 × Σ actual ÷ Σ planned − 3 when late − what is deducted, not below 0; two decimals, rounded half up. */
function shownScore(points: number[], planned: number[], late: boolean, deducted: number): string {
  const [actual, all] = [points, planned].map((list) => list.reduce((sum, p) => sum + BigInt(Math.round(p * 1e6)), 0n))
  const hundredths = 10_000n * actual! - BigInt(100 * ((late ? 3 : 0) + deducted)) * all!
  const rounded = hundredths < 0n ? 0n : (2n * hundredths + all!) / (2n * all!)
  return `${rounded / 100n}.${String(rounded % 100n).padStart(2, '0')}`
}

const words = {
  ...{
    excused: '已免计，无需提交',
    scored: '已评分',
    returned: '上级请您补充后再次提交',
    late: '已提交（迟交），待评分',
  },
  ...{ handed: '已按时提交，待评分', owed: '还未提交', missing: '未提交，现在补交按迟交计' },
}

export class WeekModel {
  now = START
  said: Said[] = []
  private readonly rows = new Map<string, Row>()
  private keys = 0

  row(who: Assessed, week: number): Row {
    const id = `${who}/${week}`
    if (!this.rows.has(id)) this.rows.set(id, { handed: [], given: 0, taken: 0 })
    return this.rows.get(id)!
  }
  running = () => Math.floor((this.now - MONDAY) / WEEK)

  /** The last one on time, or the first late one; after that only a change with consent. */
  counts(who: Assessed, week: number): { handed: Handed; late: boolean } | undefined {
    let found: { handed: Handed; late: boolean } | undefined
    for (const handed of this.row(who, week).handed)
      if (onTime(handed.at, week)) found = { handed, late: false }
      else if (!found) found = { handed, late: true }
      else if (handed.consent === 'given') found = { handed, late: found.late }
    return found
  }
  planned(who: Assessed, week: number): number[] {
    const { score } = this.row(who, week)
    if (score) return score.whole ? [] : score.planned
    return week < 1 ? [] : pointsOf(this.counts(who, week - 1)?.handed.content.plan)
  }

  status(who: Assessed, week: number): keyof typeof words | 'draft' {
    const { leave, score, returned, draft } = this.row(who, week)
    const counts = this.counts(who, week)
    if (leave === 'granted') return 'excused'
    if (score) return 'scored'
    if (counts && returned !== undefined && returned >= counts.handed.at) return 'returned'
    if (counts) return counts.late ? 'late' : 'handed'
    return draft ? 'draft' : onTime(this.now, week) ? 'owed' : 'missing'
  }
  score(who: Assessed, week: number): string | undefined {
    const { score } = this.row(who, week)
    return score && shownScore(score.points, score.planned, this.counts(who, week)?.late ?? true, score.deducted)
  }
  private owes = (who: Assessed, week: number) =>
    ['owed', 'draft', 'missing', 'returned'].includes(this.status(who, week)) &&
    this.row(who, week).leave !== 'proposed'
  private team = (judge: Who) => assessed.filter((who) => superior[who] === judge)

  /** What a week is given points for: its plan, or the week as a whole. */
  toGive = (who: Assessed, week: number): number[] =>
    total(this.planned(who, week)) > 0 ? this.planned(who, week) : [100]

  private weeks = () => Array.from({ length: this.running() }, (_, i) => i + 1)
  private isOver = (who: Assessed, week: number, ...kinds: string[]) =>
    !onTime(this.now, week) && kinds.includes(this.status(who, week))
  private isIn = (who: Assessed, week: number) =>
    ['handed', 'late'].includes(this.status(who, week)) || this.isOver(who, week, 'returned')
  private isToScore = (who: Assessed, week: number) => this.isIn(who, week) && total(this.planned(who, week)) > 0
  /** Asked for, and neither answered nor scored when the deadline was over. */
  private isLeaveOpen(who: Assessed, week: number): boolean {
    const { leave, score } = this.row(who, week)
    return leave === 'proposed' && !score && !onTime(this.now, week)
  }
  private isWithoutPlan = (who: Assessed, week: number) =>
    total(this.planned(who, week)) === 0 && (this.isIn(who, week) || this.isOver(who, week, 'missing', 'draft'))

  /** Handed in, or sent back and the deadline over, with points to give, not scored; or leave to answer: the oldest week first. */
  waiting(judge: Who): { about: Assessed; week: number }[] {
    return this.weeks()
      .flatMap((week) => this.team(judge).map((about) => ({ about, week })))
      .filter((w) => this.isToScore(w.about, w.week) || this.isLeaveOpen(w.about, w.week))
  }
  private seen = (who: Assessed, week: number) =>
    `${this.row(who, week).handed.length}/${this.counts(who, week)?.handed.at}/${this.toGive(who, week)}`

  /** The weeks that something said now may be meant for; two: ask. */
  weeksMeant(who: Assessed): number[] {
    const week = this.running()
    const before = week - 1
    if (before < 0 || !['missing', 'draft', 'returned'].includes(this.status(who, before))) return [week]
    if (this.row(who, before).draft) return [before]
    return this.row(who, week).draft ? [week] : [before, week]
  }

  private say(to: Who, kind: string, card: Partial<Card> = {}) {
    this.said.push({ to, kind, card: (k) => ({ about: to as Assessed, week: this.running(), ...card, kind: k, to }) })
  }
  /** On the card that was pressed, or as a new one. */
  private show(on: Card | undefined, to: Who, kind: string, card: Partial<Card> = {}) {
    if (on) Object.assign(on, { ...card, kind })
    else this.say(to, kind, card)
  }
  private isComplete(who: Assessed, week: number, { plan, outcomes }: Content): boolean {
    const planned = this.planned(who, week).length
    return total(pointsOf(plan)) > 0 && (outcomes ? outcomes.length === planned : planned === 0)
  }
  private showDraft(who: Assessed, week: number, on?: Card) {
    const { draft } = this.row(who, week)
    const ready = draft && this.isComplete(who, week, draft.content)
    const kind = `${ready ? 'draft' : 'unready'}:${week}:${total(pointsOf(draft?.content.plan))}`
    this.show(on, who, kind, { about: who, week, key: draft?.key })
  }
  private take(who: Assessed, week: number, { plan, summary }: Typed) {
    const row = this.row(who, week)
    if (row.score && !onTime(this.now, week)) return this.say(who, 'takes-nothing')
    const base = row.draft?.content ?? this.counts(who, week)?.handed.content ?? {}
    const content = { ...base, ...(plan && { plan }) }
    if (summary) {
      content.outcomes = this.planned(who, week).map((_, i) => summary.outcome ?? base.outcomes?.[i] ?? null)
      content.words = summary.words
    }
    row.draft = { content, key: ++this.keys }
    this.showDraft(who, week)
  }

  write(who: Who, typed: Typed) {
    if (!isAssessed(who)) return this.say(who, 'not-weekly')
    const [week, other] = this.weeksMeant(who)
    if (other === undefined) this.take(who, week!, typed)
    else this.say(who, 'which-week', { typed })
  }

  /** @param card whose draft was seen: another one is not handed in unseen */
  submit(who: Who, card?: Card) {
    if (!isAssessed(who)) return this.say(who, 'not-weekly')
    const week = card?.week ?? this.weeksMeant(who)[0]!
    const row = this.row(who, week)
    const { draft, returned } = row
    if (!draft) return this.nothingToSubmit(who, week, card)
    if (card && card.key !== draft.key) {
      card.kind = 'closed:内容已更新，请核对下面这一份再提交'
      return this.showDraft(who, week)
    }
    if (row.score && !onTime(this.now, week)) return this.say(who, 'is-scored')
    if (!this.isComplete(who, week, draft.content)) return this.showDraft(who, week)
    const before = this.counts(who, week)
    delete row.draft
    if (before && JSON.stringify(before.handed.content) === JSON.stringify(draft.content))
      return this.show(card, who, 'unchanged')
    const handed: Handed = { at: this.now, content: draft.content }
    row.handed.push(handed)
    if (before && !onTime(this.now, week) && returned === undefined) {
      handed.consent = 'asked'
      this.say(superior[who], `change-request:${who}:${week}`, { about: who, week, at: this.now })
      return this.show(card, who, 'asks-consent')
    }
    if (before && !onTime(this.now, week)) handed.consent = 'given'
    if (returned !== undefined) handed.answers = returned
    delete row.returned
    const { score } = row
    delete row.score
    const open = this.status(who, week) === 'handed' && total(this.planned(who, week))
    if (score && open) this.sheet(score.by, [{ about: who, week }])
    const kind = this.counts(who, week)!.late ? 'handed-late' : before ? 'updated' : 'handed'
    this.show(card, who, kind, { about: who, week, at: this.now })
  }

  private nothingToSubmit(who: Assessed, week: number, card?: Card) {
    const { handed } = this.row(who, week)
    const last = handed.at(-1)
    if (this.status(who, week) === 'returned') return this.say(who, 'to-complete')
    if (!last) return this.say(who, 'nothing-to-submit')
    const asked = last.consent === 'asked'
    if (!card) return this.say(who, asked ? 'is-asked' : 'is-in')
    const kind = this.counts(who, week)!.late ? 'handed-late' : handed.length > 1 ? 'updated' : 'handed'
    this.show(card, who, asked ? 'asks-consent' : kind, { about: who, week, at: last.at })
  }

  /** 撤销: the score given last, else the submission; for ten minutes. @param card of the submission it stands on */
  undo(who: Who, card?: Card) {
    const given = assessed
      .flatMap((about) => Array.from({ length: this.running() + 1 }, (_, week) => ({ about, week })))
      .map((at) => ({ ...at, row: this.row(at.about, at.week) }))
      .filter(({ row }) => row.score?.by === who && this.now - row.score.at <= UNDO)
      .sort((a, b) => b.row.score!.at - a.row.score!.at)[0]
    if (given && !card) {
      delete given.row.score
      given.row.taken++
      this.say(who, `score-undone:${given.about}`)
      return this.say(given.about, `taken-back:${given.week}`)
    }
    const weeks = card ? [card.week] : isAssessed(who) ? this.weeksMeant(who).toReversed() : []
    const week = weeks.find((w) => card || this.row(who as Assessed, w).handed.length > 0)
    if (week === undefined) return this.say(who, 'nothing-to-undo')
    const row = this.row(who as Assessed, week)
    const last = row.handed.at(-1)
    if (!last || (card && card.at! > last.at)) return this.say(who, 'nothing-to-undo')
    if (card && card.at! < last.at) return this.say(who, 'undo-of-older')
    if (row.score) return this.say(who, onTime(this.now, week) ? 'scored-early' : 'is-scored')
    if (this.now - last.at > UNDO) return this.say(who, 'too-late-to-undo')
    if (onTime(last.at, week) && !onTime(this.now, week)) return this.say(who, 'undo-after-deadline')
    row.handed.pop()
    if (last.answers !== undefined) row.returned ??= last.answers
    const newer = row.draft !== undefined
    row.draft ??= { content: last.content, key: ++this.keys }
    if (card) card.kind = 'closed:已撤销'
    this.say(who, newer ? 'undone-before-draft' : 'undone')
  }

  leave(who: Who, week = this.running(), card?: Card) {
    if (!isAssessed(who)) return this.say(who, 'not-weekly')
    if (card) card.kind = 'closed:已登记请假'
    const row = this.row(who, week)
    if (row.leave === 'granted') return this.say(who, 'leave-granted')
    if (row.leave === 'proposed') return this.say(who, 'leave-asked')
    row.leave = 'proposed'
    this.say(superior[who], `leave-request:${who}:${week}`, { about: who, week })
    this.say(who, `leave-noted:${week}`)
  }

  private sheet(judge: Who, open: { about: Assessed; week: number }[]) {
    const kinds = open.map(
      ({ about, week }) => `${this.isToScore(about, week) ? 'sheet' : 'leave-request'}:${about}:${week}`,
    )
    const card = (kind: string): Card => {
      const { about, week } = open[kinds.indexOf(kind)]!
      return { kind, to: judge, about, week, seen: this.seen(about, week) }
    }
    this.said.push({ to: judge, kind: kinds.join('|'), card })
  }
  private nextSheet(judge: Who): boolean {
    const waiting = this.waiting(judge)
    const oldest = waiting.filter((w) => w.week === waiting[0]!.week)
    if (oldest.length > 0) this.sheet(judge, oldest)
    return oldest.length > 0
  }
  toScore(judge: Who) {
    if (!this.nextSheet(judge)) this.say(judge, 'none-to-score')
  }
  /** The oldest week of somebody's that a line in chat is about: one that waits, or one without a plan. */
  lineAbout(judge: Who, about: Assessed): { about: Assessed; week: number } | undefined {
    if (superior[about] !== judge) return undefined
    const without = (week: number) => this.isWithoutPlan(about, week) && !this.isLeaveOpen(about, week)
    const week = this.weeks().find((w) => this.isToScore(about, w)) ?? this.weeks().find(without)
    return week === undefined ? undefined : { about, week }
  }
  private confirmFace(on: Card | undefined, judge: Who, card: Card) {
    const { about, week, points, deducted } = card
    const value = shownScore(points!, this.toGive(about, week), this.counts(about, week)?.late ?? true, deducted!)
    this.show(on, judge, `confirm:${about}:${week}:${value}`, { ...card })
  }
  scoreLine(judge: Who, about: Assessed, points: number[], deducted: number) {
    const open = this.lineAbout(judge, about)
    if (!open && superior[about] === judge) return this.say(judge, 'nothing-to-score')
    const above = superior[about] === 'li' && judge === 'wang'
    if (!open) return this.say(judge, about === judge ? 'own-score' : above ? 'scored-below' : 'not-theirs')
    const seen = this.seen(about, open.week)
    this.confirmFace(undefined, judge, { kind: '', to: judge, ...open, seen, points, deducted })
  }
  /** @param replaces instant of the score that was seen on the card */
  private confirm(card: Card, replaces?: number) {
    const { about, week, to: judge } = card
    const row = this.row(about, week)
    const planned = this.toGive(about, week)
    if (!row.score && card.seen !== this.seen(about, week)) {
      card.kind = 'closed:对方更新了内容'
      return this.sheet(judge, [{ about, week }])
    }
    if (row.leave === 'granted') return this.say(judge, 'is-excused')
    if (!this.counts(about, week) && onTime(this.now, week)) return this.say(judge, 'too-early')
    card.kind = 'closed:已评分'
    if (row.score && row.score.at !== replaces) {
      const { points, deducted } = row.score
      if (JSON.stringify([points, deducted]) !== JSON.stringify([card.points, card.deducted])) {
        this.confirmFace(card, judge, { ...card, at: row.score.at })
        card.kind = card.kind.replace('confirm', 'again')
      }
      return
    }
    const whole = total(this.planned(about, week)) === 0
    row.score = { points: card.points!, planned, whole, deducted: card.deducted!, by: judge, at: this.now }
    row.given++
    this.say(about, `result:${week}:${this.score(about, week)}`)
    this.nextSheet(judge)
  }
  private sendBack({ about, week, to: judge }: Card) {
    const row = this.row(about, week)
    this.say(judge, 'ask-reason')
    if (row.leave === 'granted') return this.say(judge, 'is-excused')
    if (row.score) return this.say(judge, 'not-back-scored')
    if (row.handed.length === 0) return this.say(judge, 'not-back-missing')
    row.returned = this.now
    this.say(judge, `sent-back:${about}`)
    if (this.status(about, week) === 'returned') this.say(about, `returned:${week}`)
  }
  private decideLeave(card: Card, leave: 'granted' | 'refused') {
    const row = this.row(card.about, card.week)
    if (row.leave !== leave) this.say(card.about, `leave-${leave === 'granted' ? 'agreed' : 'refused'}:${card.week}`)
    row.leave = leave
    card.kind = leave === 'granted' ? 'closed:已同意，本周免计' : 'closed:未同意'
  }
  private decideChange(card: Card, consent: 'given' | 'refused') {
    const row = this.row(card.about, card.week)
    const change = row.handed.find((h) => h.at === card.at)
    if (row.score) card.kind = 'closed:已评分'
    else if (change?.consent !== 'asked') card.kind = 'closed:已处理'
    else {
      change.consent = consent
      card.kind = consent === 'given' ? 'closed:已同意' : 'closed:未同意'
      this.say(card.about, `change-${consent === 'given' ? 'agreed' : 'refused'}:${card.week}`)
    }
  }

  /** A button of a card, by what stands on it. @param week of 请选择是哪一周 */
  press(card: Card, label: string, week = 0) {
    const { to, about } = card
    if (label === '提交') this.submit(to, card)
    else if (label.startsWith('撤销')) this.undo(to, card)
    else if (label === '我在请假') this.leave(to, card.week, card)
    else if (label === '确认评分') this.confirm(card)
    else if (label === '重新评分') this.confirm(card, card.at)
    else if (label === '退回补充') this.sendBack(card)
    else if (label === '同意免计') this.decideLeave(card, 'granted')
    else if (label === '同意修改') this.decideChange(card, 'given')
    else if (label === '不同意')
      if (card.kind.startsWith('leave')) this.decideLeave(card, 'refused')
      else this.decideChange(card, 'refused')
    else if (label === '全部满分')
      this.confirmFace(card, to, { ...card, points: this.toGive(about, card.week), deducted: 0 })
    else if (label === '取消' && /^(?:confirm|again)/.test(card.kind)) card.kind = 'closed:已取消，没有评分'
    else if (label === '取消') {
      const { draft } = this.row(about, card.week)
      card.kind = 'closed:已取消，草稿没有保留'
      if (draft && draft.key !== card.key) {
        card.kind = 'closed:内容已更新，没有取消'
        this.showDraft(about, card.week)
      } else delete this.row(about, card.week).draft
    } else if (label === '本周计划全部完成') {
      const { draft } = this.row(about, card.week)
      if (!draft) return this.say(to, 'no-draft')
      const outcomes = this.planned(about, card.week).map((_, i) => draft.content.outcomes?.[i] ?? '完成')
      draft.content = { ...draft.content, outcomes, words: draft.content.words ?? '' }
      draft.key = ++this.keys
      this.showDraft(about, card.week, card)
    } else {
      card.kind = 'which-chosen'
      if (this.weeksMeant(about).includes(week)) this.take(about, week, card.typed!)
    }
  }

  /** 我的: this week and the last one. */
  mine(who: Who) {
    if (!isAssessed(who)) return this.say(who, 'not-weekly')
    const line = (week: number) => {
      const status = this.status(who, week)
      const draft = onTime(this.now, week) ? '有草稿未提交' : '有草稿未提交（已过截止时间）'
      const score = this.score(who, week)
      return `${week} ${status === 'draft' ? draft : words[status]}${score ? ` ${score}` : ''}`
    }
    const before = this.running() - 1
    const shown = before > 0 || (before === 0 && this.counts(who, 0))
    this.say(who, `mine:${line(this.running())}${shown ? `/${line(before)}` : ''}`)
  }

  /** What the clock does. */
  tick(what: string) {
    const week = this.running()
    if (['first', 'morning', 'draft', 'last'].includes(what)) {
      const due = assessed.filter((who) => this.owes(who, week) && (what !== 'draft' || this.row(who, week).draft))
      for (const who of due) this.say(who, `remind-${what}`, { about: who, week })
    }
    for (const judge of ['wang', 'li'] as const) {
      const waiting = this.waiting(judge).length
      if (what === 'to-score' && week > 0 && waiting > 0) this.say(judge, `to-score:${waiting}`)
      const team = this.team(judge)
      const owing = team.filter((who) => this.owes(who, week)).length
      const isIn = (who: Assessed) => ['handed', 'late', 'scored'].includes(this.status(who, week))
      if (what === 'digest' && owing + team.filter((who) => this.counts(who, week) && isIn(who)).length > 0)
        this.say(judge, `digest:${week}:${owing}`)
    }
  }
}
