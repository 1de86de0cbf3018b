import type { InjectionDetector } from '@sallyport/core';

export interface OpenDetector extends InjectionDetector {
  close(): Promise<void>;
}
