/**
 * The words that name a kind of value, in the languages where such values are written: from the names of the documents,
 * schemes and fields themselves. Lower case; phrases of several words; a comma parts them. Accents, plurals, camelCase
 * and underscores are the reader's to fold (`labels.ts`).
 */
export const families = {
  phone:
    'whats app, contact phone, home phone, work phone, mobile phone, office phone, customer phone, user phone, cell phone, ' +
    'phone, phones, telephone, tel, telefon, telefono, teléfono, téléphone, telefone, telefoon, telefonnummer, ' +
    'telefoonnummer, puhelin, puhelinnumero, telefonszám, telefone celular, mobile, mobil, mobiltelefon, ' +
    'mobilnummer, móvil, movil, celular, cell, cellphone, cellular, handy, handynummer, handphone, gsm, fax, ' +
    'faxnummer, telefax, portable, cellulare, mobiel, komórka, call, calling, called, callback, call back, ' +
    'caller id, dial, dialed, ring, reach, reachable, hotline, helpline, helpdesk, toll free, tollfree, ' +
    'freephone, main line, direct line, landline, line number, whatsapp, viber, sms, text me, texted, msisdn, ' +
    'phoneno, voicemail, answering, desk, switchboard, extension, contact, contact number, contact no, ' +
    'emergency contact, my number, messages to, appeler, appelez, joindre, anrufen, rufnummer, erreichbar, ' +
    'llamar, llame, chiamare, ligar, bellen, ring mig, numer telefonu, tlf, tlfn, телефон, тел, моб, мобильный, ' +
    'τηλέφωνο, κινητό, cep telefonu, cep, gsm no, 電話, 電話番号, 电话, 手机, 手機, 携帯, 전화, 전화번호, 휴대폰, 핸드폰, โทร, โทรศัพท์, ' +
    'फ़ोन, मोबाइल, هاتف, جوال, טלפון, נייד, message on, messages on, message to, my registered, phone no, ' +
    'tel no, tel nr, mobile no, telephone number, phone number, contact details, call us, fax no, ph no, cell no',
  card:
    'card, cards, credit card, creditcard, credit, debit card, debit, cc, ccn, cardno, cardnumber, card no, card number, pan, ' +
    'primary account number, visa, mastercard, master card, amex, american express, discover, diners, jcb, maestro, unionpay, ' +
    'carte, carte bancaire, carte bleue, tarjeta, kreditkarte, kartennummer, karte, carta di credito, cartão, cartao, creditcardnummer, ' +
    'kort, kortnummer, kredittkort, karta, numer karty, карта, кредитная карта, 信用卡, カード番号, クレジットカード, 카드번호, kredi kartı',
  routing:
    'routing, routing number, aba, aba number, rtn, routing transit number, transit number, transit routing, ach routing, wire routing, bank routing',
  account:
    'account, acct, acct no, account number, account no, accountno, bank account, bank acct, checking, ' +
    'checking account, savings, savings account, deposit account, direct deposit, banking, iban, bban, ' +
    'kontonummer, konto, bankkonto, cuenta, cuenta bancaria, número de cuenta, compte, compte bancaire, conto, ' +
    'conto corrente, conta, rekening, rekeningnummer, numer konta, счет, 口座番号, 계좌번호, 银行账号, acct number, ' +
    'bank account number, account num, payee account, beneficiary account',
  ssn:
    'ssn, ssns, social security, social security number, social security no, soc sec, ss number, socialsecurity, ' +
    'ss no, ssn no, ssn number, us ssn, social sec, social security nr',
  nationalId:
    'national id, national identity, national identification, national identifier, nationalid, identity number, identification number, ' +
    'id number, idnumber, identity card, id card, citizen id, citizenship number, civil id, personal id, personal number, personal code, ' +
    'personal identity, personal identification, government id, govt id, gov id, tax id, taxid, tax number, tax identification, ' +
    'tax identifier, taxpayer, taxpayer id, tax file number, tax reference, tax ref, tin, utr, unique taxpayer reference, resident id, ' +
    'residence permit, resident permit, foreigner id, alien number, alien registration, voter id, voter number, ' +
    'documento de identidad, documento nacional, número de identificación, cédula, cedula, cédula de identidad, identificación fiscal, ' +
    'número de identidad, carte d identité, numéro fiscal, identifiant fiscal, numéro de sécurité sociale, sécurité sociale, ' +
    'ausweis, ausweisnummer, personalausweis, personalausweisnummer, ausweisnr, steuernummer, steuer id, steuerid, ' +
    'steueridentifikationsnummer, identifikationsnummer, sozialversicherungsnummer, rentenversicherungsnummer, ' +
    'versicherungsnummer, carta d identità, numero di identità, persoonsnummer, identiteitsnummer, numer identyfikacyjny, ' +
    'dowód, dowód osobisty, numer dowodu, kimlik, kimlik no, kimlik numarası, vergi no, identitetsnummer, паспорт гражданина, ' +
    '身份证, 身份證, 身份证号, マイナンバー, 個人番号, 주민번호, บัตรประชาชน, เลขประจำตัวประชาชน, आधार, identity document, identity no, id no, nid',
  nationalScheme:
    'national insurance, national insurance number, nino, ni number, itin, individual taxpayer, sin, social insurance, ' +
    'social insurance number, tfn, aadhaar, aadhar, aadhaar number, uidai, uid, pan card, pan number, pan no, permanent account number, ' +
    'epic, voter, nif, nie, dni, extranjero, codice fiscale, fiscal code, cf, pesel, nip, nric, fin, hetu, henkilötunnus, henkilotunnus, ' +
    'personnummer, pnr, swedish id, samordningsnummer, cpr, cpr nummer, fødselsnummer, fodselsnummer, isikukood, asmens kodas, ' +
    'personas kods, bsn, burgerservicenummer, sofinummer, rijksregister, rijksregisternummer, registre national, nir, insee, ' +
    'ahv, avs, ahv nummer, svnr, rvnr, idnr, steuer idnr, egn, cnp, jmbg, oib, emšo, emso, rodné číslo, rodne cislo, rc, amka, afm, ' +
    'curp, rfc, cpf, rut, run, cuit, cuil, ruc, nit, ci, rrn, 주민등록번호, korean rrn, frn, 외국인등록번호, thai id, thai national, tnin, ' +
    'turkish id, tckn, tc kimlik, tc no, tc, tc kimlik no, kimlik numarasi, south african id, refugee id, rsa id, hkid, hong kong id, ' +
    'nicop, cnic, nik, ktp, mykad, ic number, ic no, philsys, sss, cccd, cmnd, nin, bvn, huduma, ghana card, teudat zehut, emirates id, ' +
    'pps, ppsn, pps number, инн, снилс, личный код, ident, utr number, ssnit, nuit, oasi, kennitala, adóazonosító, taj',
  passport:
    'passport, passports, passportno, passport no, passport number, passport id, travel document, travel doc, ' +
    'reisepass, reisepassnummer, pass nr, passnummer, pass number, passnr, passeport, pasaporte, pasaport, ' +
    'passaporto, passaporte, paspoort, paspoortnummer, paszport, numer paszportu, pas nummer, passi, ' +
    'passin numero, útlevél, cestovní pas, pasaport no, pasaport numarası, паспорт, загранпаспорт, διαβατήριο, ' +
    '护照, 護照, 旅券, パスポート, 여권, 여권번호, หนังสือเดินทาง, דרכון, جواز, passport nr, passaporto n, passeport n',
  licence:
    'driver license, drivers license, driver s license, driving license, driver licence, drivers licence, ' +
    'driver s licence, driving licence, driverlicense, driverslicense, driving permit, dl, dln, dl no, ' +
    'dl number, dl id, dvla, führerschein, führerscheinnummer, fahrerlaubnis, permis, permis de conduire, ' +
    'carnet de conducir, permiso de conducir, licencia de conducir, patente, patente di guida, patente numero, ' +
    'carta de condução, cnh, rijbewijs, rijbewijsnummer, prawo jazdy, körkort, førerkort, kørekort, ajokortti, ' +
    'řidičský průkaz, sürücü belgesi, ehliyet, водительское удостоверение, 운전면허, 면허번호, 운전면허번호, 運転免許, 免許証番号, 驾驶证, ' +
    'ใบขับขี่, driver, drivers, licencia, fahrausweis',
  medical:
    'mrn, medical record, medical record number, medical record no, med rec, med rec no, medrec, medical no, ' +
    'medical number, medical id, health record, chart number, chart no, chart id, patient id, patient number, ' +
    'patient no, patient identifier, patientid, patientnr, hospital number, hospital no, hospital id, nhs, ' +
    'nhs number, nhs no, chi number, hcn, health card, health card number, health number, ' +
    'health insurance number, health insurance id, health insurance, health plan, health plan id, insurance id, ' +
    'insurance number, insurance no, insurance policy, insurance member, member id, memberid, member number, ' +
    'member no, subscriber id, subscriber number, subscriber no, beneficiary id, beneficiary number, medicare, ' +
    'medicare number, medicare id, medicaid, medicaid id, mbi, hicn, hic number, ihi, dva, npi, ' +
    'national provider, provider number, provider id, provider identifier, prescriber id, dea, dea number, ' +
    'dea registration, upin, lanr, bsnr, kvnr, krankenkasse, krankenversicherung, krankenversichertennummer, ' +
    'versichertennummer, krankenversicherungsnummer, patientennummer, arztnummer, gesundheitskarte, ' +
    'carte vitale, numéro de patient, tarjeta sanitaria, historia clínica, número de historia, cartella clinica, ' +
    'tessera sanitaria, prontuário, cartão sus, cns, patiëntnummer, ehic, numer pacjenta, potilasnumero, ' +
    'journalnummer, sjukvård, mrno, mr number, mr no, emr, ehr id, lab id, accession number, rx number, rx no, ' +
    'prescription number, medical record id, patient mrn, record number',
  birth:
    'dob, d o b, date of birth, dateofbirth, birth, birthdate, birth date, birthday, bday, born, born on, ' +
    'geboren, geb, geb dat, geburtsdatum, geburtstag, gebdatum, né le, née le, naissance, date de naissance, ' +
    'nacimiento, fecha de nacimiento, nacido, nacida, nació, nascita, data di nascita, nascimento, ' +
    'data de nascimento, nascido, nascida, geboortedatum, geboren op, født, fødselsdato, fødselsdag, född, ' +
    'födelsedatum, födelsedag, syntynyt, syntymäaika, urodzony, urodzona, data urodzenia, narozen, ' +
    'datum narození, született, születési, doğum, doğum tarihi, дата рождения, родился, родилась, г р, ' +
    'ημερομηνία γέννησης, 生年月日, 出生日期, 生日, 誕生日, 출생, 생년월일, วันเกิด, जन्म, जन्म तिथि, ميلاد, לידה, nato il, ' +
    'nata il, ur dn, b day, year of birth, birth day, d n, data ur',
  ip: 'ip, ips, ipv4, ipv6, ip address, ip addr, client ip, remote addr, remote address, source ip, src ip, dst ip, x forwarded for, gateway, subnet, netmask, host ip',
  mac: 'mac, mac address, macs, hwaddr, ether, hardware address, physical address, bssid, lladdr',
  email: 'email, e mail, emails, mail, correo, courriel, mailto, электронная почта, メール, 邮箱, 이메일',
  other:
    'order, orders, order id, invoice, inv, tracking, shipment, ticket, sku, version, build, model, part, ' +
    'part no, serial, isbn, issn, ean, upc, gtin, asin, commit, sha, hash, checksum, digest, trace, traceid, ' +
    'span, request, session, transaction, txn, port, lines, page, pages, row, rows, reference, ref, epoch, ' +
    'timestamp, exp, iat, nbf, tweet, quantity, qty, price, amount, total, tax, cost, discount, latency, ' +
    'duration, bytes, size, zip, postal, postcode, plz, year, score, mean, var, std, lat, lng, lon, longitude, ' +
    'latitude, coordinates, version number, case, claim, item, product, created, updated, seed, offset, index, ' +
    'count, limit, width, height, id in, user id, object id, document id, message id, job, pid, process, ' +
    'instance, arn, node, pod, container, cluster, revision, release, receipt, batch, lot, bus, flight, gate, ' +
    'seat, room, merchant, const, user agent, chrome, safari, windows, account id, accountid, aws account, ' +
    'customer id, customer number, employee id, employee number, student id, vehicle identification number, vin, ' +
    'imei, imsi, iccid, contact id, call id, policy, pmid, doi, orcid, cve, uuid, guid, etag, cache, tag, code, ' +
    'number of, error, status, http, cpt, icd, ndc, hts, naics, sic, duns, ein, vat, gstin, company number, ' +
    'registration',
} as const;
export type Family = keyof typeof families;
