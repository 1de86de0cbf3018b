export { canonicalTool } from './canonical.ts';
export { diffDefinitions, type Difference } from './diff.ts';
export { neighboursOf, type KnownTool, type Neighbours } from './names.ts';
export { scanBeside, scanDefinition, scanTexts, type ScanContext } from './scan.ts';
