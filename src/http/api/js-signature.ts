import { z } from 'zod'
import type { Dingtalk } from '../../platforms/dingtalk/index.ts'
import type { Wecom } from '../../platforms/wecom/index.ts'
import { ApiError } from './body.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

/** What a page needs to use the platform's own functions (wecom.md §8.1, dingtalk.md §9.2). Only for our own addresses. */
export const jsSignatureEndpoints = (deps: {
  wecom?: Wecom
  dingtalk?: Dingtalk
  publicBaseUrl: string
}): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/api/js-signature',
    query: z.strictObject({
      platform: z.enum(['wecom', 'dingtalk']),
      kind: z.enum(['config', 'agent']).default('config'),
      url: z.string().max(1000),
    }),
    async run({ ctx, query: { platform, kind, url } }) {
      const foreign = !URL.canParse(url) || new URL(url).origin !== new URL(deps.publicBaseUrl).origin
      if (foreign) throw new ApiError(400, 'foreign', '只能为本站页面签名')
      const port = deps[platform]
      if (!port) throw new ApiError(404, 'not-found', '没有接入该平台')
      try {
        return 'authorizeUrl' in port
          ? await port.jsSignature(url, kind === 'agent' ? 'agentConfig' : 'config')
          : await port.jsSignature(url)
      } catch (err) {
        ctx.log.warn({ err: String(err), platform }, 'page not signed')
        throw new ApiError(503, 'busy', '平台暂时没有答复')
      }
    },
  }),
]
