import { defineComponent, h, type VNode, withModifiers } from 'vue'

/** Words with the marks that the platforms know: bold, links, font colours of WeCom. Everything is text unless it is a mark. */
function inline(text: string, open: (url: string) => void): (VNode | string)[] {
  const nodes: (VNode | string)[] = []
  const mark = /\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<font color="(info|comment|warning)">(.*?)<\/font>/g
  let at = 0
  for (const found of text.matchAll(mark)) {
    if (found.index > at) nodes.push(text.slice(at, found.index))
    if (found[1] !== undefined) nodes.push(h('b', inline(found[1], open)))
    else if (found[2] !== undefined)
      nodes.push(h('a', { href: '#', onClick: withModifiers(() => open(found[3]!), ['prevent']) }, found[2]))
    else nodes.push(h('span', { class: `font-${found[4]}` }, found[5]))
    at = found.index + found[0].length
  }
  if (at < text.length) nodes.push(text.slice(at))
  return nodes
}

function block(line: string, open: (url: string) => void): VNode {
  const heading = /^(#{1,6})\s+(.*)$/.exec(line)
  if (heading) return h(`h${Math.min(6, heading[1]!.length + 2)}`, inline(heading[2]!, open))
  const quote = /^>\s?(.*)$/.exec(line)
  if (quote) return h('blockquote', inline(quote[1]!, open))
  const item = /^[-*]\s+(.*)$/.exec(line)
  if (item) return h('div', { class: 'md-item' }, inline(item[1]!, open))
  return line.trim() === '' ? h('div', { class: 'md-gap' }) : h('div', inline(line, open))
}

/** Draws a platform's markdown without ever making HTML of it. */
export const Markdown = defineComponent({
  props: { text: { type: String, required: true } },
  emits: ['open'],
  setup(props, { emit }) {
    return () =>
      h(
        'div',
        { class: 'md' },
        props.text.split('\n').map((line) => block(line, (url) => emit('open', url))),
      )
  },
})
