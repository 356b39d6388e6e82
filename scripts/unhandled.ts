/**
 * Owns the search for rejections that nobody can handle: one of them ends the process. Four places leave some behind:
 *
 * | place                                                    | why                                                             |
 * |----------------------------------------------------------|-----------------------------------------------------------------|
 * | a listener of an EventTarget that gives something back   | Node throws what a returned promise rejects with, whatever its  |
 * |                                                          | type says: clients return more than they declare                |
 * | a callback that returns a promise where nothing is       | timers, emitters and `forEach` drop it                          |
 * | expected                                                 |                                                                 |
 * | an async function as the executor of a promise           | likewise                                                        |
 * | a promise as a statement, or behind `void`               | nobody waits; where it can be said that it never rejects, a     |
 * |                                                          | comment right above says so: `// Never rejects: ...`. What a    |
 * |                                                          | `sleep` leads to needs none: a Clock's never rejects            |
 */

import { posix } from 'node:path'
import {
  type ArrowFunction,
  type Block,
  type CallExpression,
  type Expression,
  type FunctionDeclaration,
  type FunctionExpression,
  isArrowFunction,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isExpressionStatement,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isReturnStatement,
  isVariableDeclaration,
  isVoidExpression,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast'
import {
  API,
  type Checker,
  type Project,
  SignatureKind,
  type Type,
  TypeFlags,
} from 'typescript/unstable/sync'

type Callback = ArrowFunction | FunctionDeclaration | FunctionExpression

/** What is wrong in the sources of a project, as `file:line: what`. @param wanted tells the files to look into, from `root` */
export function unhandledIn(root: string, config: string, wanted: (file: string) => boolean): string[] {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [posix.join(root, config)] })
    const [project] = snapshot.getProjects()
    if (project === undefined) throw new Error(`no project in ${config}`)
    return project.program.getSourceFileNames().flatMap((name) => {
      const file = posix.relative(root, name)
      const source = wanted(file) ? project.program.getSourceFile(name) : undefined
      return source === undefined ? [] : problemsOf(source, project).map((problem) => `${file}:${problem}`)
    })
  } finally {
    api.close()
  }
}

function problemsOf(source: SourceFile, project: Project): string[] {
  const { checker } = project
  const problems: string[] = []
  const tell = (node: Node, what: string) => {
    problems.push(`${lineOf(source, node)}: ${what}`)
  }
  visit(source)
  return problems

  function visit(node: Node): void {
    if (isCallExpression(node) || isNewExpression(node)) {
      for (const [n, argument] of (node.arguments ?? []).entries()) lookAtArgument(node, argument, n)
    }
    const dropped = isExpressionStatement(node) || isVoidExpression(node) ? node.expression : undefined
    // What is assigned has a holder, who may wait for it.
    if (dropped !== undefined && !isVoidExpression(dropped) && !isBinaryExpression(dropped))
      lookAtDropped(node, dropped)
    node.forEachChild(visit)
  }

  function lookAtArgument(
    call: Node & { readonly expression: Expression },
    argument: Expression,
    n: number,
  ): void {
    const listens =
      isPropertyAccessExpression(call.expression) && call.expression.name.text === 'addEventListener'
    const callback = listens && n === 1 ? callbackOf(argument, project) : undefined
    if (callback !== undefined && givesBack(callback)) {
      tell(argument, 'the listener gives something back: give it a body in braces without a value')
      return
    }
    const signature = checker.getResolvedSignature(call)
    const expected = signature === undefined ? undefined : checker.getParameterType(signature, n)
    const nothing = expected !== undefined && returnsOf(expected, checker).some(isVoid)
    if (!nothing) return
    const given = checker.getTypeAtLocation(argument)
    if (given !== undefined && returnsOf(given, checker).some((type) => isThenable(type, checker)))
      tell(argument, 'the callback returns a promise where nothing is expected')
  }

  function lookAtDropped(node: Node, dropped: Expression): void {
    const type = checker.getTypeAtLocation(dropped)
    if (type === undefined || !isThenable(type, checker) || isHandled(dropped)) return
    if (!saysWhy(source, node))
      tell(node, 'nobody waits for this promise, and nothing says that it never rejects')
  }
}

/** The function that an argument is, or is the name of, if it is declared in the project's own sources. */
function callbackOf(argument: Expression, project: Project): Callback | undefined {
  if (isArrowFunction(argument) || isFunctionExpression(argument)) return argument
  if (!isIdentifier(argument)) return undefined
  const declared = project.checker.getSymbolAtLocation(argument)?.valueDeclaration?.resolve(project)
  if (declared === undefined) return undefined
  if (isFunctionDeclaration(declared)) return declared
  const value = isVariableDeclaration(declared) ? declared.initializer : undefined
  return value !== undefined && (isArrowFunction(value) || isFunctionExpression(value)) ? value : undefined
}

function givesBack({ body, modifiers }: Callback): boolean {
  if (modifiers?.some((modifier) => modifier.getText?.() === 'async')) return true
  if (body === undefined) return false
  return isBlock(body) ? returnsValue(body) : !isVoidExpression(body)
}

function returnsValue(block: Block): boolean {
  let found = false
  const visit = (node: Node): void => {
    if (isReturnStatement(node) && node.expression !== undefined && !isVoidExpression(node.expression))
      found = true
    if (!isArrowFunction(node) && !isFunctionExpression(node) && !isFunctionDeclaration(node))
      node.forEachChild(visit)
  }
  block.forEachChild(visit)
  return found
}

/** Ends with `.catch(...)`, or with `.then(..., ...)`, or is `sleep(...)` with `.then(...)`. */
function isHandled(dropped: Expression): boolean {
  const outer = calledIn(dropped)
  if (outer?.name === 'catch' || (outer?.name === 'then' && outer.call.arguments.length === 2)) return true
  const inner = outer?.name === 'then' && outer.of !== undefined ? calledIn(outer.of) : undefined
  return inner?.name === 'sleep'
}

/** Of `of.name(...)`, or of `name(...)`. */
function calledIn(
  call: Expression,
): { readonly call: CallExpression; readonly name: string; readonly of?: Expression } | undefined {
  if (!isCallExpression(call)) return undefined
  const { expression } = call
  if (isIdentifier(expression)) return { call, name: expression.text }
  return isPropertyAccessExpression(expression)
    ? { call, name: expression.name.text, of: expression.expression }
    : undefined
}

/** Whether the comment right above its line says why it never rejects. */
function saysWhy(source: SourceFile, node: Node): boolean {
  const above = source.text.split('\n').slice(0, lineOf(source, node) - 1)
  let comment = ''
  for (let line = above.pop(); line?.trim().startsWith('//'); line = above.pop()) comment = line + comment
  return /\bnever rejects\b/i.test(comment)
}

/** A node begins with the blanks and comments before it. */
function lineOf({ text }: SourceFile, { pos, end }: Node): number {
  const blank = /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(pos, end))?.[0] ?? ''
  return text.slice(0, pos + blank.length).split('\n').length
}

function returnsOf(type: Type, checker: Checker): readonly Type[] {
  const types = type.isUnionType() ? type.getTypes() : [type]
  return types.flatMap((one) =>
    checker
      .getSignaturesOfType(one, SignatureKind.Call)
      .flatMap((signature) => checker.getReturnTypeOfSignature(signature) ?? []),
  )
}

function isVoid(type: Type): boolean {
  return (type.flags & TypeFlags.Void) !== 0
}

function isThenable(type: Type, checker: Checker): boolean {
  const types = type.isUnionType() ? type.getTypes() : [type]
  return types.some((one) => checker.getPropertyOfType(one, 'then') !== undefined)
}

/** What ships, and what users copy. Tests wait for what they start, or vitest fails their run. */
export function isShipped(file: string): boolean {
  return /^(packages\/[^/]+\/src|examples\/[^/]+\/(src|demo))\//.test(file) && !/\.test(-d)?\.ts$/.test(file)
}
