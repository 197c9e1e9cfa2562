/** DingTalk's own published templates (dingtalk.md §6.10) and the imported ones of the organisation. */
export const AI_CARD_TEMPLATE = '382e4302-551d-4880-bf29-a30acfab2e71.schema'
const MARKDOWN_TEMPLATES = [
  '589420e2-c1e2-46ef-a5ed-b8728e654da9.schema',
  '1366a1eb-bc54-4859-ac88-517c56a9acb1.schema',
]

export interface Template {
  /** `ai`: the general AI card. `markdown`: title, markdown, link buttons. `form`: ours, README.md in this folder. */
  kind: 'ai' | 'markdown' | 'form'
  published: boolean
}

export function createTemplates(formTemplateId: string | undefined): Map<string, Template> {
  const templates = new Map<string, Template>([[AI_CARD_TEMPLATE, { kind: 'ai', published: true }]])
  for (const id of MARKDOWN_TEMPLATES) templates.set(id, { kind: 'markdown', published: true })
  if (formTemplateId) templates.set(formTemplateId, { kind: 'form', published: true })
  return templates
}
