export { type DynamoDBDeadLettersOptions, dynamodbDeadLetters } from './dead-letters.ts'
export { dynamodbEntities } from './entities.ts'
export { type DynamoDBStateOptions, dynamodbState } from './state.ts'
export { createStateTable } from './table.ts'
