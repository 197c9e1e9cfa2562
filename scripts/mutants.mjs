import ts from 'typescript'

const K = ts.SyntaxKind
const OPERATORS = {
  ...{ '<': '<=', '<=': '<', '>': '>=', '>=': '>', '===': '!==', '!==': '===', '&&': '||', '||': '&&', '??': '&&' },
  ...{ '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '+=': '-=', '-=': '+=', '&&=': '||=', '||=': '&&=' },
}
const METHODS = {
  ...{ some: 'every', every: 'some', min: 'max', max: 'min', floor: 'ceil', ceil: 'floor', find: 'findLast' },
  ...{ startsWith: 'endsWith', endsWith: 'startsWith', findLast: 'find' },
}
/** Without them the list, or the text, stays as it is. */
const LEFT_OUT = new Set(['sort', 'toSorted', 'filter', 'trim', 'reverse', 'toReversed', 'toLowerCase', 'slice'])
const isText = (n) => ts.isStringLiteral(n) || ts.isNoSubstitutionTemplateLiteral(n) || ts.isTemplateExpression(n)

/** Words of a log line or of an error that only a bug can cause are nobody's business here. */
const isTalk = (n) =>
  ts.isImportDeclaration(n) ||
  ts.isTypeNode(n) ||
  (ts.isPropertyDeclaration(n) && n.name.getText() === 'name') ||
  (ts.isNewExpression(n) && /Error$/.test(n.expression.getText())) ||
  (ts.isCallExpression(n) && /^log\./.test(n.expression.getText()))

/** What can be put in the place of one node: pairs of the node and its replacement. */
function* changesOf(n) {
  const op = ts.isBinaryExpression(n) && n.operatorToken
  if (op && OPERATORS[op.getText()] && !(op.kind === K.PlusToken && (isText(n.left) || isText(n.right))))
    yield [op, OPERATORS[op.getText()]]
  const conditions = []
  if (ts.isIfStatement(n)) conditions.push(n.expression)
  if (ts.isConditionalExpression(n)) conditions.push(n.condition)
  if (op && (op.kind === K.AmpersandAmpersandToken || op.kind === K.BarBarToken)) conditions.push(n.left, n.right)
  for (const c of conditions)
    yield* [
      [c, 'true'],
      [c, 'false'],
    ]
  // An endless loop says nothing and takes long: only never.
  if (ts.isWhileStatement(n)) yield [n.expression, 'false']
  if (ts.isForStatement(n) && n.condition) yield [n.condition, 'false']
  if (ts.isPrefixUnaryExpression(n) && n.operator === K.ExclamationToken) yield [n, n.operand.getText()]
  if (ts.isPrefixUnaryExpression(n) && n.operator === K.MinusToken) yield [n, n.operand.getText()]
  if (n.kind === K.TrueKeyword) yield [n, 'false']
  if (n.kind === K.FalseKeyword) yield [n, 'true']
  if (isText(n) && n.getText().length > 2 && !ts.isPropertyAssignment(n.parent?.name === n ? n.parent : n))
    yield [n, "''"]
  if (ts.isNumericLiteral(n)) yield [n, `(${n.getText()} + 1)`]
  if (ts.isBigIntLiteral(n)) yield [n, `(${n.getText()} + 1n)`]
  if (ts.isRegularExpressionLiteral(n)) {
    const text = n.getText()
    if (text.startsWith('/^')) yield [n, `/${text.slice(2)}`]
    if (/\$\/\w*$/.test(text)) yield [n, text.replace(/\$(\/\w*)$/, '$1')]
  }
  if (ts.isArrayLiteralExpression(n) && n.elements.length > 0) yield [n, '[]']
  if (n.kind === K.QuestionDotToken) yield [n, ts.isPropertyAccessExpression(n.parent) ? '.' : '']
  if (ts.isCallExpression(n) && ts.isPropertyAccessExpression(n.expression)) {
    const { name, expression } = n.expression
    if (METHODS[name.text]) yield [name, METHODS[name.text]]
    if (LEFT_OUT.has(name.text)) yield [n, expression.getText()]
  }
  const alone = ts.isExpressionStatement(n) || ts.isThrowStatement(n) || ts.isContinueStatement(n)
  if (alone || (ts.isReturnStatement(n) && !ts.isFunctionLike(n.parent.parent))) yield [n, ';']
}

/** Every small change of a file: its line, what it looks like (also its name in the list of equivalent ones), the whole code. */
export function mutantsOf(source) {
  const file = ts.createSourceFile('mutated.ts', source, ts.ScriptTarget.Latest, true)
  const mutants = []
  const visit = (node) => {
    if (isTalk(node) && !ts.isCallExpression(node)) return
    for (const [at, text] of changesOf(node)) {
      const [start, end] = [at.getStart(), at.end]
      const from = source.lastIndexOf('\n', start - 1) + 1
      const to = source.indexOf('\n', end) < 0 ? source.length : source.indexOf('\n', end)
      const changed = source.slice(from, start) + text + source.slice(end, to)
      const shown = [source.slice(from, to), changed].map((s) => s.trim().replace(/\s+/g, ' ')).join('  →  ')
      const line = file.getLineAndCharacterOfPosition(start).line + 1
      mutants.push({ line, shown, code: source.slice(0, start) + text + source.slice(end) })
    }
    if (!isTalk(node)) ts.forEachChild(node, visit)
  }
  visit(file)
  return mutants
}
