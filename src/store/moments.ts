import { columnStore } from './columns.ts'
import type { Db } from './connect.ts'
import { contactStore } from './contacts.ts'
import { holidayStore } from './holidays.ts'
import { hrTalkStore } from './hr-talks.ts'
import { personalStore } from './personal.ts'
import { termStore } from './terms.ts'
import { wishGroupStore } from './wish-groups.ts'

export type MomentStores = ReturnType<typeof momentStores>

/** The collections of people's moments. */
export const momentStores = (db: Db) => ({
  personal: personalStore(db),
  contacts: contactStore(db),
  terms: termStore(db),
  columns: columnStore(db),
  hrTalks: hrTalkStore(db),
  holidays: holidayStore(db),
  wishGroups: wishGroupStore(db),
})
