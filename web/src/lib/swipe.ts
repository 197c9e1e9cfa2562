/** A clear sideways swipe with one finger; not while something is typed or dragged. */
export function useSwipe(right: () => unknown, left: () => unknown) {
  let from: { x: number; y: number; at: number } | undefined
  return {
    start(event: TouchEvent) {
      const touch = event.touches[0]
      const busy =
        event.target instanceof Element && event.target.closest('input, textarea, select, button, .van-popup')
      // From the very edge it is the phone's own gesture for going back.
      from =
        touch && event.touches.length === 1 && !busy && touch.clientX > 28
          ? { x: touch.clientX, y: touch.clientY, at: event.timeStamp }
          : undefined
    },
    end(event: TouchEvent) {
      const touch = event.changedTouches[0]
      if (!from || !touch) return
      const [dx, dy] = [touch.clientX - from.x, touch.clientY - from.y]
      if (Math.abs(dx) > 72 && Math.abs(dx) > 2.5 * Math.abs(dy) && event.timeStamp - from.at < 700)
        (dx > 0 ? right : left)()
      from = undefined
    },
  }
}
