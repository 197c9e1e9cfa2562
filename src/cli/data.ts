import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Company, parseCompany } from '../company.ts'
import { type Config, readConfig } from '../config.ts'
import { hasDatabase, openDatabase } from '../database.ts'
import { createLog } from '../log.ts'
import { outboxModel } from '../outbox/rows.ts'
import { auditStore } from '../store/audit.ts'
import { connect, prepare } from '../store/connect.ts'
import { metaStore } from '../store/meta.ts'
import { monthStores } from '../store/months.ts'
import { peopleStore } from '../store/people.ts'
import { personalStore } from '../store/personal.ts'
import { FailedError, type Io } from './command.ts'

/**
 * Whatever reads or changes data must not do it in an empty database that it has just made itself: a backup of nothing looks like one.
 * @throws FailedError where the service has never run
 */
export function mustHaveDatabase(config: Config): void {
  if (hasDatabase(config)) return
  throw new FailedError(
    `${resolve(config.DATA_DIR)} 中没有数据，没有执行。请在服务所在的目录执行（.env 在那里）；新安装的请先启动一次服务`,
  )
}

/** The stores of this installation, beside a service that may be running. */
export async function openData(io: Io) {
  const config = readConfig(io.env)
  mustHaveDatabase(config)
  if (!existsSync(config.COMPANY_FILE)) throw new FailedError(`没有公司设置文件 ${config.COMPANY_FILE}`)
  const company = parseCompany(readFileSync(config.COMPANY_FILE, 'utf8'), config.COMPANY_FILE)
  const database = await openDatabase(config, createLog('silent'))
  const db = await connect(database.uri)
  const data = {
    company: (): Company => company,
    people: peopleStore(db),
    personal: personalStore(db),
    audit: auditStore(db),
    meta: metaStore(db),
    outbox: { model: outboxModel(db) },
    ...monthStores(db),
  }
  await prepare(db)
  return {
    ...data,
    async close(): Promise<void> {
      await db.close()
      await database.stop()
    },
  }
}

export type Data = Awaited<ReturnType<typeof openData>>

/** Opens the data for as long as something is done with it. */
export async function withData<T>(io: Io, use: (data: Data) => Promise<T>): Promise<T> {
  const data = await openData(io)
  try {
    return await use(data)
  } finally {
    await data.close()
  }
}
