import type { PackagePin } from '@sallyport/core';
import { RuntimeFault, showText } from '@sallyport/core';

/** What is about to be started is not what was pinned. */
export const refused = (pin: Pick<PackagePin, 'registry' | 'name' | 'version'>, why: string): RuntimeFault =>
  new RuntimeFault('upstream_refused', {
    detail: `${pin.registry} ${showText(pin.name, 100)} ${showText(pin.version, 60)}: ${why}`,
  });
