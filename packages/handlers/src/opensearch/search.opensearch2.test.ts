import { openSearchSuite } from '../../test/opensearch-suite.ts'

openSearchSuite('opensearch2')
