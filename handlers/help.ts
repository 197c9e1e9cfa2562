import { schemeOf } from '../src/company.ts'
import type { Ctx } from '../src/context.ts'
import { ITEM_EXAMPLE } from '../src/domain/template-text.ts'
import type { Answer, Turn } from '../src/inbox/handler.ts'
import { teamOf } from './weekly/team.ts'

const employee = `您好，我是绩效机器人，可以帮您：
· 发“周计划”：领取填写模板；也可以直接把计划发给我，例如“${ITEM_EXAMPLE}”
· 写好后要修改：发“第2项改成50分”“删掉第1项”“再加一项：整理档案 10分”
· 计划里写“需支持张三：提供数据”，计划开始后我会转给对方；发“支持”：查看请您支持的事项
· 发“我的”：查看本周状态和得分
· 发“撤销”：撤回刚才的提交
· 发“我的结果”：查看月度结果；发“我的记录”：查看日常行为记录；发“申诉”：在申诉期内提出申诉
· 发“面谈”：查看绩效面谈和改进计划；发“节点”：查看工作节点
· 发“我在请假”或“请假 12月7日至11日”：不再提醒，由上级确认免计；发“取消请假”：撤回
· 发“调查”：填写等您作答的调查；发“调查结果”：查看汇总
· 发“放假安排”：查看放假和调休
· 发“我的数据”：查看、导出或删除个人资料；发“改生日”：登记生日`
const manager = `作为上级，您可以：
· 发“谁没交”：查看提交情况；发“催一下”：只提醒还没提交的人
· 发“评分”：逐位评分；或直接发“姓名 18 30 40”
· 发“记 姓名 会议迟到 1次”：记录日常行为；发“行为情形”：查看情形和分值
· 发“检查”“评价”“指标”：完成月度检查表、评价和指标
· 发“团队结果”：核对并确认上月团队结果；发“撤销确认”：收回确认后重新核对
· 发“约面谈 姓名 周三下午3点 会议室”：约绩效面谈；发“面谈”：查看待办`
const none = `您好，我是绩效机器人。您的岗位不需要提交周计划；需要您处理的事项会在这里通知您。
· 发“我的结果”：查看月度结果；发“我的记录”：查看日常行为记录；发“申诉”：在申诉期内提出申诉
· 发“面谈”：查看绩效面谈和改进计划；发“节点”：查看工作节点
· 发“调查”：填写等您作答的调查；发“调查结果”：查看汇总
· 发“我的数据”：查看、导出或删除个人资料；发“改生日”：登记生日`
const gm = `作为总经理，您可以：
· 发“月度进度”：查看各团队的进度和催办；在收到的卡片上点确认全部，或退回团队
· 发“撤销确认”：发布前收回对全公司结果的确认`
const hr = `作为人力资源，您可以：
· 发“谁没评分”：按上级查看待评分的周总结；发“待处理申诉”：查看处理中的申诉
· 发“月度进度”或“10月进度”：查看结算进度、催办、发布和导出；发“更正 姓名 2026-11 +2 原因”：更正已发布的结果
· 发“关闭评价 姓名 原因”：评价人一直未评时继续结算
· 发“生日名单”“谈话”“谈话 姓名”“谈话记录 姓名”
· 发“离职 姓名 11月30日”；发“心灵启示”查看栏目，发“添加心灵启示 内容”补充
· 发“发起调查”：领取调查模板；发“调查”：查看进行中的调查
· 粘贴国务院放假通知全文，核对后启用`

/** 帮助, in the words of who asks: a message for each list, so that none is cut in the middle. */
export async function help(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const { person } = turn
  const below = await ctx.people.model.exists({ managerId: person._id, active: true })
  const leads = below !== null || (await teamOf(ctx, person, 'own')).length > 0
  const weekly = schemeOf(ctx.company(), person.position)?.kind === 'weekly'
  const lists = [
    weekly ? employee : none,
    ...(leads ? [manager] : []),
    ...(person.roles.includes('gm') ? [gm] : []),
    ...(person.roles.includes('hr') ? [hr] : []),
  ]
  return lists.map((text) => ({ text }))
}
