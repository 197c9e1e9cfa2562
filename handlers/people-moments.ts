import type { FindCommand, Handlers } from '../src/inbox/handler.ts'
import { hrCommand, onHolidays, onHrTalk, onKeepTalk, onLastDay } from './hr-words.ts'
import { onCheckIn, onSamePerson, onTermDone, onTermLater } from './moment-cards.ts'
import {
  onBirthdayIs,
  onBirthdayOn,
  onBirthdayTalk,
  onDeleteData,
  onDeleteDataNow,
  onExportData,
  onKeepData,
  onNoWishes,
  onTellBirthday,
  onWishes,
  ownDataCommand,
} from './own-data.ts'
import { wishGroupCommand } from './wish-groups.ts'

/** The buttons of people's moments. */
export const momentCards: Handlers['cards'] = {
  'term-done': onTermDone,
  'term-later': onTermLater,
  'check-in': onCheckIn,
  'same-person': onSamePerson,
  'tell-birthday': onTellBirthday,
  'birthday-is': onBirthdayIs,
  'birthday-on': onBirthdayOn,
  'no-wishes': onNoWishes,
  wishes: onWishes,
  'export-data': onExportData,
  'delete-data': onDeleteData,
  'delete-data-now': onDeleteDataNow,
  'keep-data': onKeepData,
  holidays: onHolidays,
  'keep-talk': onKeepTalk,
  'last-day': onLastDay,
}

export const momentTalks: Handlers['talks'] = { birthday: onBirthdayTalk, 'hr-talk': onHrTalk }

/** What is said about people's moments. */
export const momentCommands: FindCommand[] = [ownDataCommand, wishGroupCommand, hrCommand]
