/** Owns where this package's modules are that run in processes of their own: beside this one, as sources or built. */

export const beside = (name: 'planner' | 'told'): URL =>
  new URL(import.meta.url.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, import.meta.url)
