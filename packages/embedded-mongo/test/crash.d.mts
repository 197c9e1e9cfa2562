export interface Acks {
  items: string[]
  counters: Map<string, number>
}
export function newAcks(): Acks
export function startWriter(
  dir: string,
  lanes: number,
  tag: string,
  acked: Acks,
): Promise<{ owner: boolean; wrote(count: number): Promise<void>; kill(): Promise<void> }>
export function check(dir: string, acked: Acks): Promise<{ problems: string[]; documents: number }>
