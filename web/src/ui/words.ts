import { type DialogOptions, showConfirmDialog, showDialog } from 'vant/es/dialog'
import { showToast, type ToastOptions } from 'vant/es/toast'
import { sentence } from '../lib/api.ts'

/** For those who listen: Vant gives a toast the role of a dialog without a name, and a dialog the id of an element that is not there. */
const status = { role: 'status', 'aria-live': 'polite', tabindex: undefined } as ToastOptions
const named = (title: string) => ({ 'aria-label': title, 'aria-labelledby': undefined }) as DialogOptions

/** A word that goes by itself. */
export const say = (message: string): void =>
  void showToast({ message, duration: 2200, wordBreak: 'break-word', ...status })

export const fail = (error: unknown): void => void tell('没有成功', sentence(error))

export const tell = (title: string, message: string) => showDialog({ title, message, ...named(title) })

/** @returns whether the first button was chosen */
export const ask = (title: string, message: string, yes: string, no = '取消'): Promise<boolean> =>
  showConfirmDialog({ title, message, confirmButtonText: yes, cancelButtonText: no, ...named(title) }).then(
    () => true,
    () => false,
  )
