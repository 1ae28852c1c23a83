import tseslint from 'typescript-eslint'
import importX from 'eslint-plugin-import-x'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'

const drivers = ['pg', 'kysely', 'kafkajs']
const driverImports = (allowed) =>
  drivers
    .filter((name) => !allowed.includes(name))
    .map((name) => ({
      name,
      message: `${name} is a driver: import it only under a folder named postgres or kafka`,
      allowTypeImports: name === 'kysely',
    }))

/** A folder of src and the only folders of src that it may import from. */
const zone = (folder, allowed, message) => ({
  target: `./src/${folder}`,
  from: './src',
  except: [folder, ...allowed].map((name) => `./${name}`),
  message,
})

/** Decisions, appliers and projections give the same for the same: clock and chance are given to them, or to nobody. */
const impure = [
  ['NewExpression[callee.name="Date"][arguments.length=0]', 'the clock'],
  ['CallExpression[callee.name="Date"]', 'the clock'],
  ['MemberExpression[object.name="Date"][property.name="now"]', 'the clock'],
  ['MemberExpression[object.name="performance"]', 'the clock'],
  ['MemberExpression[object.name="Math"][property.name="random"]', 'chance'],
  ['MemberExpression[object.name="crypto"]', 'chance'],
  ['ImportDeclaration[source.value=/^(node:)?(crypto|perf_hooks|timers)/]', 'clock or chance'],
].map(([selector, what]) => ({
  selector,
  message: `the domain must not read ${what}: take now and newId from the context, times from the envelope`,
}))

export default tseslint.config(
  { ignores: ['**/dist/**', 'node_modules/**', '.reprise/**', 'test/types/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.mjs', 'scripts/*.mjs'] } },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            zone('core', [], 'core imports nothing but itself'),
            zone(
              'aggregates',
              ['core', 'postgres'],
              'the write side meets its neighbours in ports declared in core',
            ),
            zone(
              'outbox',
              ['core', 'log', 'postgres', 'kafka'],
              'the relay knows the log port, not aggregates or projections',
            ),
            zone('log', ['core', 'postgres', 'kafka'], 'a log knows records, not who writes or reads them'),
            zone(
              'subscriptions',
              ['core', 'log', 'postgres'],
              'a subscription knows the log, not the handlers behind it',
            ),
            zone(
              'projections',
              ['core', 'log', 'subscriptions', 'postgres'],
              'the read side never imports the write side',
            ),
            zone(
              'processes',
              ['core', 'log', 'subscriptions', 'postgres'],
              'the reacting side never imports the write side or the read side',
            ),
            zone('contracts', ['core'], 'an encoding knows events, not who carries them'),
            zone('postgres', ['core'], 'shared driver code knows only core'),
            zone('kafka', ['core'], 'shared driver code knows only core'),
            {
              target: ['./src/!(testing)/**', './src/!(testing).ts'],
              from: './src/testing',
              message: 'what is for tests is no part of what runs',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\.)', message: 'core has no I/O and no dependencies' }] },
      ],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/core/**', '**/postgres/**', '**/kafka/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: driverImports([]) }] },
  },
  {
    files: ['aggregates', 'contracts', 'log', 'outbox', 'processes', 'projections', 'subscriptions'].map(
      (folder) => `src/${folder}/*.ts`,
    ),
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: driverImports([]),
          patterns: [
            {
              regex: '/(postgres|kafka)/',
              message: 'an adapter is known only to the app and to other adapters',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['examples/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: 'src/(core|aggregates|outbox|log|projections|app)/|^reprise/dist',
              message: 'an example uses the package by its public entries',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['examples/*/src/{account,copy,member,read-models}/**'],
    rules: { 'no-restricted-syntax': ['error', ...impure] },
  },
  {
    files: ['src/**/postgres/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { paths: driverImports(['pg', 'kysely']) }],
    },
  },
  {
    files: ['src/**/kafka/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: driverImports(['kafkajs']) }] },
  },
  // Handing over a method of an interface is how compilers and contract suites are used.
  { files: ['test/**'], rules: { '@typescript-eslint/unbound-method': 'off' } },
  { files: ['src/cli/**', 'examples/**', 'scripts/**'], rules: { 'no-console': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
)
