/** Owns the search for options that an editor says nothing about: those whose comment is missing, or lost on the way to the type. */

import { posix } from 'node:path'
import { API, type Symbol as Named, type Project } from 'typescript/unstable/sync'

/** Types whose fields a user writes as options. */
const OPTIONS = /Options$|^(Every|RetryPolicy)$/

/**
 * What an editor shows of each option of the types that the files export: `RouteOptions.timeout` and the text of its comment, empty if
 * there is none.
 */
export function optionDocs(
  root: string,
  config: string,
  files: readonly string[],
): ReadonlyMap<string, string> {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProjects: [posix.join(root, config)] }).getProjects()
    if (project === undefined) throw new Error(`no project in ${config}`)
    return new Map(files.flatMap((file) => docsOf(file, project)))
  } finally {
    api.close()
  }
}

function docsOf(file: string, project: Project): [option: string, docs: string][] {
  const { checker, program } = project
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} is no module of the project`)
  return checker
    .getExportsOfModule(module)
    .filter(({ name }) => OPTIONS.test(name))
    .flatMap((exported) =>
      checker
        .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(targetOf(exported)))
        .map((option): [string, string] => {
          const tags = option.getJsDocTags(checker).map(({ name }) => `@${name}`)
          return [
            `${exported.name}.${option.name}`,
            [option.getDocumentationComment(checker), ...tags].join(' ').trim(),
          ]
        }),
    )

  /** An `export { x } from` is an alias of what is declared elsewhere. */
  function targetOf(exported: Named): Named {
    const target = checker.getAliasedSymbol(exported)
    return checker.isUnknownSymbol(target) ? exported : target
  }
}
