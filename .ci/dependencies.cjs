const deny = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to });
module.exports = {
  forbidden: [
    deny('no-cycles', '.', { circular: true }),
    deny('domain-is-pure', '^lib/domain', { pathNot: '^lib/domain' }),
    deny('contract-sees-domain', '^lib/contract', { pathNot: '^lib/(domain|contract)|node_modules/(zod|yaml)' }),
    deny('application-sees-domain-and-contract', '^lib/application', { pathNot: '^lib/(domain|contract|application)|^(node:)?crypto$' }),
    deny('constructs-run-at-synth', '^lib/constructs', { path: '^(functions|lib/(application|adapters|connectors))|@aws-sdk/' }),
    deny('adapters-are-leaves', '^lib/(adapters|connectors)', { path: '^(functions|lib/constructs)|aws-cdk-lib' }),
    deny('only-compose-touches-adapters', '^functions/(?!shared)', { path: '^lib/(adapters|connectors)' }),
    deny('no-cdk-at-runtime', '^functions', { path: 'aws-cdk-lib|^lib/constructs' }),
    deny('functions-are-islands', '^functions/(?!shared)([^/]+)/', { path: '^functions/', pathNot: '^functions/($1|shared)/' }),
    deny('nothing-shipped-needs-the-local-cloud', '^(lib|functions)', { path: '^(local|test|bench)/' }),
  ],
  options: { tsConfig: { fileName: 'tsconfig.json' }, tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
};
