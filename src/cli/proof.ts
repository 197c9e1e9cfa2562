import { readFileSync, writeFileSync } from 'node:fs'
import { exportProof, publicKeyOf } from '../../handlers/month/proof.ts'
import { findByRef } from '../../handlers/rights.ts'
import { checkProof, fingerprint, type ProofFile, proofText } from '../domain/proof.ts'
import { formatMonth } from '../domain/time.ts'
import { type Command, type ExitCode, FailedError, print, UsageError } from './command.ts'
import { withData } from './data.ts'
import { monthOfArgument, noteExport } from './results-export.ts'

export const proofExport: Command = {
  name: 'proof export',
  usage: 'proof export MONTH --out FILE.json [--person 工号或姓名]',
  about: '导出某月结果的送达凭证：发布、发送、查看、确认的时间和校验值',
  help: ['MONTH     月份，例如 2026-11', '--out     文件名', '--person  只导出一个人：工号，或没有重名的姓名'],
  options: { out: { type: 'string' }, person: { type: 'string' } },
  async run(given) {
    const month = monthOfArgument(given.args[0])
    const out = given.options.out
    if (given.args.length > 1 || typeof out !== 'string') throw new UsageError('请用 --out 写文件名')
    return withData<ExitCode>(given.io, async (data) => {
      const ref = given.options.person
      const person = typeof ref === 'string' ? findByRef(await data.people.all(), ref) : undefined
      if (ref !== undefined && !person) throw new FailedError(`没有找到“${String(ref)}”，或有多人同名，请用工号`)
      const file = await exportProof(data as never, month, given.io.now(), person?._id)
      if (file.people.length === 0) throw new FailedError(`${formatMonth(month)}没有已发布的结果`)
      writeFileSync(out, proofText(file))
      await noteExport(data, given.io.now(), 'proof-exported', month, { people: file.people.length })
      const key = fingerprint(file.publicKey)
      print(given, `已导出${file.people.length}人的送达凭证：${out}\n签名密钥指纹：${key}`, {
        file: out,
        people: file.people.length,
        key,
      })
      return 0
    })
  },
}

export const proofCheck: Command = {
  name: 'proof check',
  usage: 'proof check FILE.json',
  about: '检查送达凭证：内容和本系统导出时是否一字不差',
  help: ['FILE.json  proof export 导出的文件'],
  options: {},
  async run(given) {
    const [name, ...more] = given.args
    if (!name || more.length > 0) throw new UsageError('请写一个文件名')
    let text: string
    try {
      text = readFileSync(name, 'utf8')
    } catch {
      throw new FailedError(`无法读取文件：${name}`)
    }
    const own = await withData(given.io, (data) => publicKeyOf(data))
    const problems = checkProof(text, own)
    const people = problems.length === 0 ? (JSON.parse(text) as ProofFile).people.length : 0
    print(given, problems.length === 0 ? `凭证完整，共${people}人` : problems.join('\n'), {
      ok: problems.length === 0,
      problems,
    })
    return problems.length === 0 ? 0 : 1
  },
}
