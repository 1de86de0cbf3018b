import { z } from 'zod';
import { RuntimeFault } from '../errors.ts';
import { manifestSchema, type Manifest } from '../flow/manifest.ts';
import { readDocument, reportIssues } from '../config/document.ts';
import { checkManifest } from './check.ts';

/**
 * Parses one manifest, as it would stand under its name in `tools` of `sallyport.yaml`. Every problem found is in the
 * fault's detail, one a line, as `line:column  key: what is wrong`.
 *
 * @throws RuntimeFault `invalid_config`
 */
export function parseManifest(text: string): Manifest {
  const { raw, report, problems } = readDocument(text);
  const parsed = manifestSchema.safeParse(raw);
  if (!parsed.success) reportIssues(parsed.error.issues, z.toJSONSchema(manifestSchema, { io: 'input' }), report);
  else for (const { path, message } of checkManifest(parsed.data)) report(path, message);
  if (!parsed.success || problems.length > 0) throw new RuntimeFault('invalid_config', { detail: problems.join('\n') });
  return parsed.data;
}
