/**
 * Leaves the words of errors alone. Decisions are made on codes and types, never on message texts (design.md section 2,
 * 11), so a mutant that only rewords a message changes no behaviour. Words are templates, and strings with a space in
 * them (a code or a name has none), that stand
 *  - as an argument of `new …Error(…)`,
 *  - as an argument of a call whose result is thrown, of `this.fail(…)`, or of a function of the same file that is
 *    declared to make a TufgateError, or
 *  - in a constant that is used in such places only.
 * Everything else around them counts: codes, details, conditions, and the order of arguments.
 */
export const WORDS = 'words of an error message';

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'message-text',
    value: { shouldIgnore: (path) => (isText(path) && isOfError(path) ? WORDS : undefined) },
  },
];

function isText(path) {
  return path.isTemplateLiteral() || (path.isStringLiteral() && path.node.value.includes(' '));
}

function isOfError(path) {
  const whole = outermost(path);
  const { parentPath: parent, listKey } = whole;
  if (parent.isVariableDeclarator()) return isConstantOfError(parent);
  return listKey === 'arguments' && makesError(parent);
}

/** The whole argument, where this is one part or one alternative of it. */
function outermost(path) {
  const { parentPath: parent, key } = path;
  const isPart =
    parent.isTemplateLiteral() ||
    parent.isLogicalExpression() ||
    parent.isBinaryExpression({ operator: '+' }) ||
    (parent.isConditionalExpression() && key !== 'test');
  return isPart ? outermost(parent) : path;
}

function isConstantOfError(declarator) {
  const uses = declarator.scope.getBinding(declarator.node.id.name)?.referencePaths ?? [];
  return uses.length > 0 && uses.every(isOfError);
}

function makesError(call) {
  const { callee } = call.node;
  if (call.isNewExpression()) return /Error$/.test(callee.name ?? '');
  if (callee.object?.type === 'ThisExpression') return callee.property.name === 'fail';
  return call.parentPath.isThrowStatement() || isMaker(call.scope.getBinding(callee.name)?.path.node);
}

function isMaker(declaration) {
  return declaration?.returnType?.typeAnnotation.typeName?.name === 'TufgateError';
}
