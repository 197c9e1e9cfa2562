import { onBeforeUnmount } from 'vue'
import { onBeforeRouteLeave, useRouter } from 'vue-router'
import { ask } from '../ui/words.ts'
import { guardBack } from './native.ts'

/**
 * Asks before somebody goes with something unsaved: by a link, by the browser's back, by the app's own back button.
 * @param unsaved whether something would be lost; asked at that moment, after `settle`
 * @param settle  a last try to save
 */
export function useLeaveGuard(
  unsaved: () => boolean,
  words: { title: string; text: string },
  settle?: () => Promise<unknown>,
): void {
  const router = useRouter()
  let free = false
  const may = async (): Promise<boolean> => {
    if (free || !unsaved()) return true
    await settle?.()
    return !unsaved() || ask(words.title, words.text, '离开', '留在此页')
  }
  onBeforeRouteLeave(() => may())
  const onUnload = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault()
  }
  addEventListener('beforeunload', onUnload)
  const release = guardBack(() => {
    if (free || !unsaved()) return true
    void may().then((go) => {
      if (!go) return
      free = true
      router.back()
    })
    return false
  })
  onBeforeUnmount(() => {
    removeEventListener('beforeunload', onUnload)
    release()
  })
}
