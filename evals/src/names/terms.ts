/** Capitalised words that name nobody, by trade; written for the tagger. Joined into pairs where `pairs` says so. */
const legal =
  'Tenant Landlord Licensor Licensee Buyer Seller Borrower Lender Guarantor Trustee Shareholder Purchaser Supplier Contractor Customer Company Agent Parties Party Premises Agreement Contract Loan Lease Note Collateral Closing Effective Date Schedule Exhibit Article Section Warranty Indemnity Notice Term Interest Rate Payment Default Obligations Documents Confidential Information Services Deliverables Intellectual Property Governing Law Board Directors Officer Member Bank Lien Securities Advance Commitment'.split(
    ' ',
  );
const medical =
  'Hypertension Diabetes Asthma Anxiety Disorder Depressive Syndrome Chronic Acute Pain Allergy Migraine Pneumonia Bronchitis Fracture Surgery Therapy Vaccine Insulin Aspirin Ibuprofen Paracetamol Amoxicillin Metformin Lisinopril Atorvastatin Albuterol Inhaler Tablet Capsule Dose Blood Pressure Heart Rate Diagnosis Symptoms Allergies Medication Prescription Refill Lab Results Imaging Cardiology Radiology Oncology Pediatrics Emergency Department Visit Discharge Summary Insurance Provider Hospital Clinic'.split(
    ' ',
  );
const software =
  'Docker Kubernetes Jenkins Ruby Python Java Amazon Google Microsoft Azure Lambda Function Cluster Pipeline Dashboard Server Studio Cloud Gateway Container Registry Terraform Ansible Apache Kafka Spark Airflow Elastic Search Mongo Postgres Oracle Salesforce Slack Teams Outlook Excel Word Office Chrome Firefox Safari Edge Windows Linux Ubuntu Debian Fedora Android Swift Kotlin Rust Django Flask Rails Spring Boot Angular React Vue Svelte Node Deno Git Jira Confluence Notion Figma Claude Gemini Llama Mistral Sonnet Opus Haiku Copilot Bedrock Vertex Prometheus Grafana Loki Jaeger Tempo Consul Vault Nomad Helm Istio Envoy Nginx Jupyter Pandas Julia Scala Perl Pascal Ada Cassandra Maven Gradle Jasmine Mocha Jest Cypress Selenium Playwright Sentry Datadog Splunk Snowflake Stripe Shopify Magento Drupal Joomla Wordpress Leopard Sierra Monterey Pro Max Mini Air Watch Pixel Galaxy Surface Kindle Alexa Siri Cortana Watson Tesla Ford'.split(
    ' ',
  );
const media =
  'Album Song Film Episode Season Chapter Volume Award Awards Festival Championship Cup League Finals Tour World National International American British German French Spanish Italian European African Asian Festival Museum Park River Lake Mountain Valley Island Castle Palace Cathedral University Stadium Theatre Opera Orchestra Symphony Republic Kingdom Empire Union Army Navy War Battle Treaty Act Council Parliament Congress Senate Court Supreme Ministry'.split(
    ' ',
  );

export const terms = { legal, medical, software, media } as const;

/** `{legal}`, `{medical}`, `{software}`, `{media}`: one or two of those words. */
export const termSentences: readonly string[] = [
  'The {legal} shall pay the {legal} under this {legal}.',
  '{legal} will deliver to {legal} all {legal} on the {legal}.',
  '{n}. {legal}. If {legal} fails to perform, the {legal} may terminate.',
  '"{legal}" means the {legal} set out in {legal} {n}.',
  'THIS {legal} is made on {long} between {o} ("{legal}") and {full} ("{legal}").',
  'IN WITNESS WHEREOF\nBy: {full}\nTitle: {job}\nDate: {d}',
  'Subject to {legal} {n}, the {legal} and the {legal} of {o} remain.',
  'Diagnosis: {medical}. Plan: {medical} {n} mg daily.',
  'Rx: {medical} {n} mg\nSig: take {n} tablets\nRefills: {n}',
  'Reason for visit: {medical}\nAllergies: {medical}\nMedications: {medical}, {medical}',
  'Patient {full} presents with {medical}; {medical} was ruled out.',
  '{medical} and {medical} were discussed with Mrs. {l}.',
  'We moved from {software} to {software} in {n}.',
  'Install {software} and {software}, then restart {software}.',
  'How do I connect {software} with {software}?',
  '{software} {n} adds support for {software}.',
  '- {software}: {software}\n- {software}: {y}',
  '| {software} | {n} | {software} |\n|---|---|---|\n| {software} | {n} | {w} |',
  '{full} maintains the {software} plugin for {software}.',
  'error in {software}: {software} did not answer',
  '{verb} {software} on {software}',
  'The {media} of {land} was held in {c} in {n}.',
  'The {media} was released in {n} and won the {media}.',
  '{media} {n}: {media}',
  'He studied at the {media} of {c} before the {media}.',
  '{full} played in the {media} and later led the {media}.',
  '{l} wrote the {media} with {full}.',
];
