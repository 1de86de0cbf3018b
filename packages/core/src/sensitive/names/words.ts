import { folded } from './folded.ts';
import { firstNames, lastNames, places, words } from './lists.ts';

/** What the lists say of a word: bits of one number. */
export const bits = {
  first: 1,
  last: 2,
  place: 4,
  common: 8,
  street: 16,
  title: 32,
  organisation: 64,
  particle: 128,
  date: 256,
  state: 512,
  unit: 1024,
  role: 2048,
  cue: 4096,
  product: 8192,
} as const;

const split = (list: string): string[] => list.split(' ');

const streets = split(
  'street st avenue ave av avenida avda road rd lane ln drive dr boulevard blvd bvd court ct way place pl square sq terrace ter crescent cres close highway hwy parkway pkwy pike turnpike circle cir trail trl plaza plz alley row walk grove gardens mews loop route rte freeway expressway expy causeway bypass crossing xing ridge rue route chemin impasse quai allee passage cours faubourg sentier calle carrera camino paseo plaza ronda travesia glorieta urbanizacion poligono carretera via viale piazza piazzale corso vicolo largo strada contrada rua travessa estrada praca rodovia alameda largo strasse str weg platz gasse ring damm ufer chaussee straat laan plein kade gracht singel dreef steenweg ulica ul aleja plac osiedle ulice utca ut ter krt korut gata gatan vagen vag vej vejen gade alle veien vei gate katu tie kuja polku bulevardul strada calea jalan jl trg cesta',
);
const streetEnding =
  /(?:strasse|str|straße|weg|platz|gasse|allee|ring|damm|ufer|chaussee|straat|laan|plein|kade|gracht|singel|dreef|steenweg|gata|gatan|vagen|vegen|vej|vejen|gade|veien|vei|gate|katu|tie|kuja|polku|utca|brucke|steig|hof)$/;
const titles = split(
  'mr mrs ms miss mx dr prof professor sir dame lord lady rev reverend fr father sister brother herr frau mme mlle monsieur madame m sr sra srta señor senor senora senorita don dona sig signor signora signorina dhr mevr mevrouw meneer hr fru pan pani judge justice senator sen rep representative president governor gov mayor minister captain capt colonel col general gen lieutenant lt sergeant sgt major maj officer king queen prince princess pope saint coach doctor attorney',
);
const organisations = split(
  'inc ltd llc llp corp corporation company co gmbh ag kg sa sas sarl spa srl bv nv plc ab oy as aps group holdings bank university college school institute hospital clinic association foundation society council committee department ministry agency commission club team party union league museum church party band records press journal times news airlines motors industries systems technologies partners sons bros',
);
const particles = split(
  'de del della der den di da das dos do du la le les van von zu zur zum ten ter af av el al bin ibn y e und of st',
);
const dates = split(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun januar februar marz mai juni juli oktober dezember janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre christmas easter',
);
const states = split(
  'al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc pr ab bc mb nb nl ns nt nu on pe qc sk yt nsw vic qld tas act aa ae ap',
);
const units = split(
  'apt apartment suite ste unit floor fl room rm bldg building box po flat level appt etage esc piso planta puerta izq dcha interno scala int wohnung stock bus bte boite hs lot dept fpo apo dpo psc',
);
const roles = split(
  'customer client patient user employee manager engineer director author actor actress singer writer player wife husband son daughter mother father brother sister friend caller member passenger guest owner president ceo cto cfo founder by from to dear hi hello hey thanks regards sincerely cheers contact attn name said says told asked wrote born met called',
);
const cues = split(
  'address addr lives live located location reside resides residence visit deliver delivery ship shipping mail send sent billing home street move moved meet at on adresse wohnhaft anschrift direccion indirizzo adres domicile office',
);

/** Software, makers and machines, some of which are called like people. */
const products = split(
  'docker kubernetes jenkins ruby python java javascript typescript amazon google microsoft azure lambda terraform ansible apache kafka spark airflow elastic elasticsearch mongo mongodb postgres postgresql oracle salesforce slack teams outlook excel word office chrome firefox safari edge windows linux ubuntu debian fedora android ios macos swift kotlin rust golang django flask rails spring angular react vue svelte node deno bun git github gitlab bitbucket jira confluence notion figma claude gemini llama mistral gpt openai anthropic sonnet opus haiku copilot bedrock vertex prometheus grafana loki jaeger tempo consul vault nomad helm istio envoy nginx jupyter pandas julia scala perl pascal ada cassandra maven gradle jasmine mocha jest cypress selenium playwright sentry datadog splunk snowflake stripe shopify magento drupal joomla wordpress leopard sierra monterey iphone ipad macbook pixel galaxy kindle alexa siri cortana watson tesla ford redis sqlite mysql mariadb dynamo dynamodb lucene solr hadoop hive pig storm flink beam celery fastify express hono vite webpack babel eslint prettier vitest ollama apollo hermes zoom adobe photoshop intel nvidia samsung sony siemens bosch philips toyota honda twitter facebook instagram youtube linkedin reddit netflix spotify uber paypal visa mastercard',
);

/** Words that begin sentences in German, French, Spanish, Italian, Dutch, Portuguese, Polish and Swedish. */
const openers = split(
  'der die das den dem ein eine einen einem einer ich du er sie es wir ihr mein meine dein deine sein seine unser unsere euer ihre ihren ist sind war waren hat haben hatte kann konnen konnte konnt muss mussen soll sollte sollen will wollen wurde wurden wird werden darf mag wie was wer wo wann warum welche welcher welches wieviel bitte danke hallo guten ja nein nicht kein keine und oder aber denn weil dass wenn als ob auch noch schon nur sehr mehr alle alles viele einige im am zum zur vom beim mit ohne fur gegen nach vor uber unter zwischen durch bei aus seit bis auf hier dort heute morgen gestern jetzt dann damit dies diese dieser dieses man gibt geben gib mach mache machen schreibe schreiben erstelle erstellen nenne erklare sehr geehrte geehrter liebe lieber herzliche grusse ' +
    'le la les un une des du je tu il elle on nous vous ils elles mon ma mes ton ta tes son sa ses notre votre leur ce cet cette ces est sont etait ont avait peut pouvez peux doit faut fait faire comment pourquoi quand qui que quoi quel quelle quels quelles combien bonjour bonsoir merci salut oui non pas et ou mais donc car si avec sans pour contre apres avant sur sous entre chez dans par depuis aussi encore deja tres plus tous tout toutes bien ici hier demain voici voila donnez ecrivez creez ajoutez cordialement cher chere chers ' +
    'el los las una unos unas yo tu ella ellos nosotros mi mis su sus nuestro nuestra este esta estos estas ese esa eso es son era fue ser estar hay tiene tienen puede puedes puedo debe hacer como cuando donde quien que cual cuales cuanto cuantos porque hola buenos buenas gracias adios si no y o pero con sin para por desde hasta sobre entre tras segun muy mas todo todos todas aqui hoy ayer manana crea cree genera genere escribe escriba explica explique estimado estimada saludos querido querida ' +
    'il lo gli uno io lui lei noi voi loro mio mia tuo sua suo nostro questo questa questi quello quella sono sei siamo stato avere hanno posso puoi devo fare come quando dove chi che cosa quale quali quanto perche ciao buongiorno buonasera grazie anche ancora molto tutto tutti oggi ieri domani scrivi spiega gentile cordiali saluti caro cara con senza per tra fra dopo prima nel nella dal dalla sul sulla ' +
    'de het een ik jij hij zij wij jullie mijn jouw zijn haar ons onze dit dat deze die is was waren heeft hebben kan kunnen moet moeten wil willen wordt worden hoe wat wie waar wanneer waarom welke hallo dag goedemorgen bedankt dank ja nee niet geen en of maar want omdat als ook nog al zeer meer alle veel met zonder voor tegen na over onder tussen door bij uit sinds tot op hier daar vandaag gisteren morgen geef maak schrijf geachte beste groet groeten ' +
    'os as um uma eu ele ela eles nos meu minha seu sua nosso isto esta este esse essa foi ser estar tem pode posso deve fazer quando onde quem qual quais quanto ola bom boa obrigado obrigada sim nao mas com sem para por desde ate muito mais tudo todos aqui hoje ontem crie escreva explique prezado prezada jest nie tak dla przez pan pani prosze dzien dobry czy jak co gdzie kiedy det den ett och att jag vi han hon inte med hur vad var nar varfor hej tack ' +
    'vivo vive vivimos busco quiero necesito tengo soy estoy llamo abito abita voglio vorrei cerco ho sono sto chiamo quero preciso moro mora tenho sou estou veux voudrais cherche habite suis appelle wohne wohnt suche brauche mochte heisse bin woon woont zoek heb ben heet mieszkam szukam jestem bor heter soker',
);

function listBits(): Map<string, number> {
  const table = new Map<string, number>();
  const add = (list: readonly string[], bit: number) => {
    for (const word of list) table.set(word, (table.get(word) ?? 0) | bit);
  };
  add(split(firstNames), bits.first);
  add(split(lastNames), bits.last);
  add(split(places), bits.place);
  add(split(words), bits.common);
  add(openers, bits.common);
  add(products, bits.product);
  add(streets, bits.street);
  add(titles, bits.title);
  add(organisations, bits.organisation);
  add(particles, bits.particle);
  add(dates, bits.date);
  add(states, bits.state);
  add(units, bits.unit);
  add(roles, bits.role);
  add(cues, bits.cue);
  return table;
}
let table: Map<string, number> | undefined;

const nameBits = bits.first | bits.last;

/** What the lists say of a word; of a hyphenated one, what they say of all its parts; of an inflected one, of its stem. */
export function bitsOf(word: string): number {
  table ??= listBits();
  // The lists write every apostrophe as `’`.
  const plain = folded(word).replaceAll("'", '’');
  const found = table.get(plain) ?? 0;
  let more = found;
  if (streetEnding.test(plain.slice(-12)) && plain.length > 6) more |= bits.street;
  if (found === 0 && plain.includes('-')) {
    const parts = plain.split('-').slice(0, 4);
    more |= parts.reduce((all, part) => all & (table?.get(part) ?? 0), nameBits | bits.common | bits.place);
  }
  if (found === 0 && plain.length > 4 && /(?:s|ed|ing|ly|er)$/.test(plain.slice(-3))) {
    const stem = plain.replace(/(?:s|ed|ing|ly|er)$/, '');
    more |= ((table.get(stem) ?? 0) | (table.get(`${stem}e`) ?? 0)) & bits.common;
  }
  return more;
}
