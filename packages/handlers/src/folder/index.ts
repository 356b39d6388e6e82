export { type FolderDeadLettersOptions, folderDeadLetters } from './dead-letters.ts'
