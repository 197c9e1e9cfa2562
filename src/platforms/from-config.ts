import { menu } from '../../handlers/menu.ts'
import type { Config } from '../config.ts'
import type { createDingtalk } from './dingtalk/index.ts'
import type { createWecom } from './wecom/index.ts'

/** What the environment says of WeCom, where it says anything. */
export function wecomConfig(c: Config, publicBaseUrl: string): Parameters<typeof createWecom>[0] {
  return {
    corpId: c.WECOM_CORP_ID!,
    agentId: c.WECOM_AGENT_ID!,
    secret: c.WECOM_SECRET!,
    token: c.WECOM_TOKEN!,
    aesKey: c.WECOM_ENCODING_AES_KEY!,
    ...(c.WECOM_CONTACTS_TOKEN && { contactsToken: c.WECOM_CONTACTS_TOKEN }),
    ...(c.WECOM_CONTACTS_AES_KEY && { contactsAesKey: c.WECOM_CONTACTS_AES_KEY }),
    apiBase: c.WECOM_API_BASE,
    oauthBase: c.WECOM_OAUTH_BASE,
    publicBaseUrl,
    menu,
    passiveUpdates: c.WECOM_PASSIVE_UPDATES,
  }
}

/** What the environment says of DingTalk, where it says anything. */
export function dingtalkConfig(c: Config, publicBaseUrl: string): Parameters<typeof createDingtalk>[0] {
  return {
    corpId: c.DINGTALK_CORP_ID!,
    clientId: c.DINGTALK_CLIENT_ID!,
    clientSecret: c.DINGTALK_CLIENT_SECRET!,
    mode: c.DINGTALK_MODE,
    ...(c.DINGTALK_AGENT_ID && { agentId: c.DINGTALK_AGENT_ID }),
    ...(c.DINGTALK_ROBOT_CODE && { robotCode: c.DINGTALK_ROBOT_CODE }),
    ...(c.DINGTALK_EVENT_TOKEN && { eventToken: c.DINGTALK_EVENT_TOKEN }),
    ...(c.DINGTALK_EVENT_AES_KEY && { eventAesKey: c.DINGTALK_EVENT_AES_KEY }),
    ...(c.DINGTALK_CARD_TEMPLATE_ID && { cardTemplateId: c.DINGTALK_CARD_TEMPLATE_ID }),
    ...(c.DINGTALK_FORM_TEMPLATE_ID && { formTemplateId: c.DINGTALK_FORM_TEMPLATE_ID }),
    apiBase: c.DINGTALK_API_BASE,
    oapiBase: c.DINGTALK_OAPI_BASE,
    publicBaseUrl,
  }
}
