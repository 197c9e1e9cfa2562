import { Refused } from './api.ts'

/** Longer than this a side is not needed to see what happened. */
const MOST_PIXELS = 1600

/**
 * A photo drawn anew as a small JPEG: upright, a few hundred kilobytes, without what the phone wrote beside it.
 *
 * @returns base64 without its head
 * @throws Refused when the browser cannot read it as a picture
 */
export async function smallPicture(file: File): Promise<string> {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw new Refused(422, 'not-a-picture', '这张照片无法识别，请换一张JPG或PNG格式的照片')
  })
  const scale = Math.min(1, MOST_PIXELS / Math.max(whole.width, whole.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(whole.width * scale))
  canvas.height = Math.max(1, Math.round(whole.height * scale))
  canvas.getContext('2d')!.drawImage(whole, 0, 0, canvas.width, canvas.height)
  whole.close()
  return canvas.toDataURL('image/jpeg', 0.85).split(',')[1]!
}
