/** Owns what an editor says of options: of the fields of the types that a user writes. */

import { posix } from 'node:path'
import { API, type Symbol as Named, type Project } from 'typescript/unstable/sync'

/** Types whose fields a user writes as options. */
const OPTIONS = /Options$|^(Every|RetryPolicy|Config)$/

/** Flags of symbols. */
const OPTIONAL = 1 << 24
const ALIAS = 1 << 21

export interface Option {
  /** The file whose export the type is. */
  readonly file: string
  readonly of: string
  readonly name: string
  readonly type: string
  readonly isOptional: boolean
  /** The comment, without its tags. */
  readonly comment: string
  /** The words of `@default`. */
  readonly standard: string | undefined
  /** Other tags, such as `@throws`. */
  readonly tags: readonly string[]
}

/** The options of all types that the files export. */
export function optionsIn(root: string, config: string, files: readonly string[]): readonly Option[] {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProjects: [posix.join(root, config)] }).getProjects()
    if (project === undefined) throw new Error(`no project in ${config}`)
    return files.flatMap((file) => optionsOf(file, project))
  } finally {
    api.close()
  }
}

function optionsOf(file: string, project: Project): readonly Option[] {
  const { checker, program } = project
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} is no module of the project`)
  return checker
    .getExportsOfModule(module)
    .filter(({ name }) => OPTIONS.test(name))
    .flatMap((exported) => {
      const type = checker.getDeclaredTypeOfSymbol(targetOf(exported))
      return checker.getPropertiesOfType(type).flatMap((option) => fieldsOf(exported.name, option, ''))
    })

  /** An option, and the fields of one that is a record without a name. */
  function fieldsOf(of: string, option: Named, within: string): readonly Option[] {
    const tags = option.getJsDocTags(checker)
    const found = checker.getTypeOfSymbol(option)
    const type = found && (checker.getNonNullableType(found) ?? found)
    const told = type === undefined ? '' : checker.typeToString(type)
    const name = `${within}${option.name}`
    const isRecord = type !== undefined && told.startsWith('{ ') && !told.startsWith('{ [')
    const fields = isRecord ? checker.getPropertiesOfType(type) : []
    return [
      {
        ...{ file, of, name, type: told },
        isOptional: (option.flags & OPTIONAL) !== 0,
        comment: option.getDocumentationComment(checker).trim(),
        standard: tags.find((tag) => tag.name === 'default')?.text,
        tags: tags.flatMap((tag) => (tag.name === 'default' ? [] : [`@${tag.name}`])),
      },
      ...fields.flatMap((field) => fieldsOf(of, field, `${name}.`)),
    ]
  }

  /** An `export { x } from` is an alias of what is declared elsewhere; the checker refuses to be asked for anything else. */
  function targetOf(exported: Named): Named {
    if ((exported.flags & ALIAS) === 0) return exported
    const target = checker.getAliasedSymbol(exported)
    return checker.isUnknownSymbol(target) ? exported : target
  }
}
