import { showConfirmDialog, showDialog } from 'vant/es/dialog'
import { showToast } from 'vant/es/toast'
import { sentence } from '../lib/api.ts'

/** A word that goes by itself. */
export const say = (message: string): void => void showToast({ message, duration: 2200, wordBreak: 'break-word' })

export const fail = (error: unknown): void => void showDialog({ title: '没有成功', message: sentence(error) })

export const tell = (title: string, message: string) => showDialog({ title, message })

/** @returns whether the first button was chosen */
export const ask = (title: string, message: string, yes: string, no = '取消'): Promise<boolean> =>
  showConfirmDialog({ title, message, confirmButtonText: yes, cancelButtonText: no }).then(
    () => true,
    () => false,
  )
