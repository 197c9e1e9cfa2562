import { shallowRef } from 'vue'

export interface Question {
  title: string
  text: string
  yes: string
  answer(yes: boolean): void
}

export const question = shallowRef<Question>()

/** Asks before something is done that people notice. */
export const sure = (title: string, text: string, yes: string): Promise<boolean> =>
  new Promise((answer) => {
    question.value = { title, text, yes, answer }
  })
