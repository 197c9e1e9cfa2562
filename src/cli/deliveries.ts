import { formatInstant } from '../domain/time.ts'
import { DELIVERY_STATES, type DeliveryState, listDeliveries } from '../outbox/deliveries.ts'
import { sendAgain } from '../outbox/outbox.ts'
import { type Command, type ExitCode, print, UsageError } from './command.ts'
import { withData } from './data.ts'

const MOST = 500

export const deliveriesList: Command = {
  name: 'deliveries list',
  usage: 'deliveries list [--state failed|pending|cancelled|sent] [--to 人员编号]',
  about: '查看消息：发给谁、为什么没有送达、怎样处理',
  help: ['--state  默认 failed（未送达）', '--to     只看一个人', `最多显示最近${MOST}条；不显示消息内容。`],
  options: { state: { type: 'string' }, to: { type: 'string' } },
  async run(given) {
    const { state = 'failed', to } = given.options
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    if (typeof state !== 'string' || !(state in DELIVERY_STATES))
      throw new UsageError(`--state 只能是 ${Object.keys(DELIVERY_STATES).join('、')}`)
    return withData<ExitCode>(given.io, async (data) => {
      const filter = { state: state as DeliveryState, ...(typeof to === 'string' && { to: [to] }), limit: MOST }
      const rows = await listDeliveries(data.outbox.model, data.people, filter)
      const zone = data.company().timeZone
      const lines = rows.map((r) =>
        [
          `${formatInstant(r.createdAt, zone)}  ${r.name ?? r.to}  ${r._id}`,
          ...(r.reason ? [`    ${r.reason}${r.advice ? `：${r.advice}` : ''}`] : []),
        ].join('\n'),
      )
      print(given, lines.join('\n') || `没有${DELIVERY_STATES[state as DeliveryState]}的消息`, rows)
      return 0
    })
  },
}

export const deliveriesRetry: Command = {
  name: 'deliveries retry',
  usage: 'deliveries retry KEY | --all',
  about: '重新发送未送达的消息；由正在运行的服务在几秒内发出',
  help: ['KEY    deliveries list 中的编号', '--all  全部未送达的消息'],
  options: { all: { type: 'boolean' } },
  async run(given) {
    const [key, ...more] = given.args
    const all = given.options.all === true
    if (all === (key !== undefined) || more.length > 0) throw new UsageError('请写一个编号，或 --all')
    return withData<ExitCode>(given.io, async (data) => {
      const retried = await sendAgain(data.outbox.model, key === undefined ? {} : { _id: key })
      print(given, retried > 0 ? `${retried} 条消息将重新发送` : '没有这样的未送达消息', {
        retried,
      })
      return retried > 0 || all ? 0 : 1
    })
  },
}
