/**
 * Leaves the words of errors alone. Decisions are made on codes and types, never on message texts (design.md section 2,
 * 11), so a mutant that only rewords a message changes no behaviour. Words are the string literals, with the templates
 * around and inside them, that stand
 *  - as an argument of `new …Error(…)`, or
 *  - as an argument of a call whose result is thrown (`throw malformed(what, 'why')`), or of `this.fail('why')`.
 * A code is never words, wherever it stands; nor is any other argument: options, details, conditions, calls.
 */
export const WORDS = 'words of an error message';

const CODE = /^(?:[a-z]+\.[a-z-]+|internal|usage)$/;

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'message-text',
    value: { shouldIgnore: (path) => (isText(path) && isArgumentOfError(outermost(path)) ? WORDS : undefined) },
  },
];

function isText(path) {
  return path.isTemplateLiteral() || (path.isStringLiteral() && !CODE.test(path.node.value));
}

/** The whole argument, where the literal is one part or one alternative of it. */
function outermost(path) {
  const { parentPath: parent, key } = path;
  const isPart =
    parent.isBinaryExpression({ operator: '+' }) ||
    parent.isLogicalExpression() ||
    (parent.isConditionalExpression() && key !== 'test');
  return isPart ? outermost(parent) : path;
}

function isArgumentOfError({ parentPath: call, listKey }) {
  if (listKey !== 'arguments') return false;
  if (call.isNewExpression()) return /Error$/.test(call.node.callee.name ?? '');
  return call.parentPath.isThrowStatement() || isFail(call.node.callee);
}

function isFail(callee) {
  return callee.object?.type === 'ThisExpression' && callee.property.name === 'fail';
}
