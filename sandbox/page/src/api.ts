/** Calls the sandbox's own API. @throws Error with words for the person */
export async function act<T = Record<string, unknown>>(name: string, body: object): Promise<T> {
  const answer = await fetch(`/api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined)
  if (!answer) throw new Error('沙箱没有应答，请确认它仍在运行')
  const result = (await answer.json().catch(() => ({}))) as T & { error?: string }
  if (!answer.ok) throw new Error(result.error ?? '没有成功，请稍后再试')
  return result
}

export async function get<T>(path: string): Promise<T> {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
  return (await answer.json()) as T
}
