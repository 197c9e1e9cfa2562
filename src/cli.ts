import { main } from './cli/index.ts'

/** `npm run jixiao -- …` (design §6). */
await main()
