import { expect, it } from 'vitest';
import { sensitiveTypes } from '../../src/sensitive/types.ts';
import { found } from './marked.ts';

/** Names and secrets have tests of their own. */
const structured = new Set(
  Object.keys(sensitiveTypes).filter(
    (type) => !['PERSON', 'ADDRESS', 'API_KEY', 'JWT', 'PRIVATE_KEY', 'PASSWORD', 'URL_CREDENTIALS'].includes(type),
  ),
);

it.each([
  // Addresses of things
  'git clone git@git.example.com:team/repo.git',
  'ssh://git@git.example.com/team/repo',
  'Message-ID: <20240101.12345@mail.example.com>',
  'npm i react@18.2.0 lodash@4.17.21',
  'logo@2x.png icon@3x.webp',
  '@Component({}) class A {}',
  'docker pull nginx@sha256:abcdef',
  '@alice:matrix and @bob said +1',
  'root@localhost:~#',
  // Numbers of things
  'Order #4532015112830367 shipped',
  'invoice 2024-0001234567, PO 123456789',
  'tracking 9400 1000 0000 0000 0000 00',
  'tracking number 1Z999AA10123456784',
  'IMEI 490154203237518',
  'VIN 1HGCM82633A004352',
  'EAN 4006381333931, UPC 036000291452',
  'ISBN 0-306-40615-2 and ISSN 2049-3630',
  'ORCID 0000-0002-1825-0097',
  'DOI 10.1000/182, arXiv 2101.12345, CVE-2021-44228, RFC 2616',
  'SKU 123-45-678, part no. 415-5550-132',
  'part number 415-555-0132',
  'ticket 123456789, case 987654321',
  'commit 4155550132abc and sha 1234567',
  'user_id 123456789 object_id 507f1f77bcf86cd799439011',
  'id=123456789012 name=x',
  '{"id": 123456789, "order_id": "4155550132", "total": 1234567.89}',
  '[123456789, 987654321, 4155550132]',
  'WHERE id IN (123456789,4155550132,536228145)',
  'const MAX = 2147483647; let x = 4294967295;',
  'rows 1234567-2345678, offset 4096000',
  'process 12345 thread 123456789 core 7',
  // Times
  '2024-05-31T14:53:50.942Z started',
  '20240531145350 batch',
  'timestamp 1717167230, ts=1717167230123',
  '1717167230123456789 ns',
  '10:30:45.123 to 12:00:00',
  'Updated 05/31/2024, due 2024-06-30',
  '(2024-05-31 14:53)',
  // Versions and builds
  'version 1.2.3.4, v10.20.30.40',
  'Chrome/120.0.6099.109 Safari/537.36',
  'Windows 10.0.19045.3803',
  'section 3.2.1.1',
  'listening on 127.0.0.1:8080 and [::1]:8080'.replace('[::1]:8080', '0.0.0.0:80'),
  'std::vector<int> Foo::Bar',
  'ratio 16:9, 1:2:3',
  // Codes
  '550e8400-e29b-41d4-a716-446655440000',
  'color: #123456; background: #a1b2c3d4',
  '0x7ffee4c0a1b2 0xDEADBEEF',
  'arn:aws:iam::123456789012:role/x',
  's3://bucket/123456789/4155550132.json',
  'https://example.com/p/123456789?v=4155550132',
  '/var/log/app-123456789.log',
  'pod/api-7f89c6d5b4-x2x9z',
  'ETag: "33a64df551425fcc55e4d42a148795d9"',
  // Amounts and places
  '$1,234,567.89 and €987654321',
  'lat 40.712776, lng -74.005974',
  'mean=0.4155550132 var=12.3456789',
  '12345678 bytes in 0.123456789 s',
  '3.141592653589793',
  '123 456 789 12\n234 567 891 23\n345 678 912 34',
  '10-20-30, 100-200-300',
  'GB29 NWBK 6016 1331 9268 18 is not valid',
  'pages 320-121, lines 6761-4237',
  'score 415-555, 12-10-3',
])('nothing personal is seen in: %s', (text) => {
  expect(found(text, { types: structured })).toEqual([]);
});
