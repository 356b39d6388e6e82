export { optionProblems } from './configuration.ts'
export { classified, nameOf } from './errors.ts'
