"""What columns about persons are called, and what persons are called, in several languages."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

__all__ = [
    "ADDRESS_WORDS",
    "BIRTH_WORDS",
    "IDENTITY_WORDS",
    "NAME_WORDS",
    "NOT_A_PERSON",
    "NOT_POSTAL",
    "PEOPLE_WORDS",
    "PERSON_NAMES",
    "PHONE_WORDS",
    "SURE_IDENTITY",
    "says",
    "words_of",
]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHONE_WORDS = _set(
    "phone phones telephone tel telp telepon telpon telefon telefono telefone telefoon tlf mobile mobil mobiel cell "
    "cellphone celular movil handphone handy hp nohp notelp ponsel hape whatsapp wa msisdn fax gsm phonenumber"
)
IDENTITY_WORDS = _set(
    "ssn social nik ktp nokk passport paspor pasaporte passeport reisepass identity identitas identification nin "
    "national nationalid tax tin npwp cpf rg dni nie nif rfc curp bsn nhs nino aadhaar aadhar pan pesel cnp egn oib "
    "jmbg sin tfn medicare personnummer personnr fodselsnummer fnr cpr hetu nir insee secu steuer steuerid idnr svnr "
    "ahv avs nric mykad licence license patient citizen resident rrn tckn kimlik fiscal fiscale cedula rut"
)
SURE_IDENTITY = _set(
    "ssn socialsecurity nik ktp passport paspor pasaporte passeport reisepass npwp cpf dni bsn nino aadhaar aadhar "
    "pesel curp personnummer fodselsnummer nric mykad nationalid"
)
BIRTH_WORDS = _set(
    "dob birth birthdate birthday birthdt born lahir tgllahir tanggallahir geburt geburtsdatum geburtstag geboren "
    "naissance nacimiento nascimento nascita geboortedatum geboorte fodselsdato fodselsdag fodelsedatum fodelsedag "
    "syntymaaika syntymaika urodzenia narozeni dogum szuletes рождения 生年月日 出生日期 生日"
)
NAME_WORDS = _set(
    "firstname lastname fullname givenname familyname middlename maidenname surname forename nickname nama "
    "namalengkap namadepan namabelakang vorname nachname familienname zuname prenom nom apellido apellidos nombre "
    "nombres nome sobrenome cognome voornaam achternaam fornavn etternavn efternavn fornamn efternamn etunimi "
    "sukunimi imie nazwisko jmeno prijmeni isim soyad soyadi имя фамилия 姓名 氏名 名前"
)
PEOPLE_WORDS = _set(
    "name names customer client patient employee contact owner person member guest passenger student teacher doctor "
    "physician driver author buyer seller agent borrower applicant tenant recipient beneficiary cardholder holder "
    "adviser advisor manager supervisor assignee representative salesperson reviewer nurse lawyer subscriber "
    "insured claimant witness debtor createdby handledby assignedto signatory player pelanggan nasabah pasien "
    "karyawan pegawai siswa mahasiswa guru dokter penumpang peminjam pemilik "
    "kunde kundin mitarbeiter patientin cliente paciente empleado klient pacjent"
)
NOT_A_PERSON = _set(
    "product item brand company firm business organization organisation org file path host server domain column table "
    "city town village district county country state province region street road school university store shop class "
    "event category type model drug medication species genus animal pet team club station airport airline carrier "
    "vessel ship course project campaign sensor device machine job dept department plan package service bank hotel "
    "restaurant movie film title song album book game app application page site website channel language currency "
    "color colour material ingredient disease diagnosis test exam variable feature metric produk barang merek merk "
    "perusahaan toko kota kabupaten provinsi desa kecamatan negara sekolah kelas produkt firma stadt land artikel "
    "producto empresa ciudad pais produto cidade prodotto citta ville pays produit societe hospital clinic"
)
ADDRESS_WORDS = _set(
    "address addr street alamat jalan adresse direccion endereco indirizzo adres anschrift strasse rue calle via "
    "ulica domicile domisili residence adress osoite 住所 地址 адрес"
)
NOT_POSTAL = _set("ip mac email mail web url site wallet memory hash bitcoin contract host server network")

# The commonest given names and family names of many places: a sign of persons only where many values have one.
PERSON_NAMES = _set(
    # English
    "james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph "
    "jessica thomas sarah charles karen christopher lisa daniel nancy matthew betty anthony margaret mark sandra "
    "donald ashley steven kimberly paul emily andrew donna joshua michelle kenneth carol kevin amanda brian "
    "melissa george deborah edward stephanie ronald rebecca timothy laura jason helen jeffrey sharon ryan cynthia "
    "jacob kathleen gary amy nicholas angela eric shirley jonathan anna stephen ruth larry brenda justin pamela "
    "scott nicole brandon katherine benjamin samantha samuel christine gregory emma frank catherine alexander "
    "olivia raymond jack oliver harry charlotte sophie lucy chloe grace hannah liam noah peter simon smith "
    "johnson williams brown jones miller davis wilson anderson taylor moore jackson thompson harris clark lewis "
    "robinson walker wright green baker adams nelson hill campbell mitchell roberts carter phillips evans turner "
    # Indonesian and Malay
    "agus budi siti dewi sri eko joko bambang slamet sutrisno wahyu nur ahmad muhammad muhamad mohammad andi rina "
    "ratna indah lestari putri putra fitri dian yuni rini wati ani endang hendra rudi dedi asep ujang ketut wayan "
    "made nyoman komang kadek iwan heri yanti susanti rahayu kartika bayu arif rizki rizky fajar galih dimas yoga "
    "teguh santoso wijaya setiawan hidayat susanto gunawan saputra wibowo nugroho kurniawan pratama simanjuntak "
    "siregar nasution hasibuan sihombing situmorang hartono suharto purnomo halim tan lim "
    # German, Dutch, Nordic
    "hans peter klaus wolfgang jurgen dieter manfred uwe stefan andreas markus sabine monika petra ursula renate "
    "gisela brigitte karin jan johannes maria sven lars erik anders bjorn ingrid astrid karl nils mikael johan "
    "willem henk kees pieter femke sanne anneke muller schmidt schneider fischer weber meyer wagner becker schulz "
    "hoffmann koch bauer richter klein wolf schroder neumann jansen de-vries bakker visser hansen olsen larsen "
    "johansson andersson nilsson eriksson karlsson korhonen virtanen nielsen jensen pedersen "
    # French, Spanish, Portuguese, Italian
    "jean pierre michel philippe alain jacques marie nathalie isabelle sylvie francoise monique camille julien "
    "nicolas martin bernard dubois durand moreau laurent lefebvre jose juan antonio manuel francisco carlos luis "
    "jesus miguel carmen josefa isabel dolores pilar teresa ana lucia garcia gonzalez rodriguez fernandez lopez "
    "martinez sanchez perez gomez hernandez diaz torres ramirez joao pedro paulo marcos rafael gabriel fernanda "
    "juliana silva santos oliveira souza pereira costa ferreira almeida giuseppe giovanni antonio mario luigi "
    "francesco angelo vincenzo giulia chiara rossi russo ferrari esposito bianchi romano colombo ricci "
    # Slavic, Turkish, Greek
    "ivan sergey sergei dmitry dmitri alexey aleksandr vladimir andrey mikhail nikolai olga natalia irina tatiana "
    "elena svetlana ekaterina anastasia ivanov ivanova petrov petrova smirnov smirnova kuznetsov piotr krzysztof "
    "andrzej tomasz pawel marcin agnieszka katarzyna malgorzata nowak kowalski kowalska wisniewski novak novotny "
    "dvorak mehmet mustafa ahmet hasan huseyin ibrahim fatma ayse emine zeynep elif yilmaz kaya demir celik "
    "giorgos dimitris nikos "
    # Arabic, Persian, South Asian
    "mohamed mohammed muhammed ahmed omar khalid youssef yusuf abdullah abdul fatima aisha layla khadija hussein "
    "hassan mahmoud karim samir reza hossein zahra maryam khan hussain malik sheikh raj rahul amit sanjay vijay "
    "anil sunil rajesh suresh ramesh priya pooja neha anjali sunita kavita deepak arjun ravi krishna lakshmi "
    "singh kumar sharma patel gupta verma reddy rao das nair iyer mehta begum akhtar islam rahman hossain "
    # East and South-East Asian
    "wei fang min jing lei yan xiu hong ming wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo "
    "lin gao luo hiroshi takashi kenji yuki haruto sakura yoko keiko sato suzuki takahashi tanaka watanabe ito "
    "yamamoto nakamura kobayashi kato kim lee park choi jung kang cho yoon jang min-jun seo-yeon ji-woo nguyen "
    "tran pham hoang phan vu dang bui ngo thi van minh anh linh huong somchai somsak siriporn maricel jomar reyes "
    "cruz bautista ocampo "
    # African
    "kwame kofi ama abena chinedu emeka ngozi chioma oluwaseun adebayo okafor okonkwo thabo sipho nomsa lerato "
    "dlamini nkosi mwangi wanjiru kamau otieno achieng abebe tesfaye "
)  # fmt: skip

_CAMEL = re.compile(r"(?<=[a-zа-я0-9])(?=[A-ZА-Я])")
_NOT_LETTERS = re.compile(r"[\W\d_]+")


def words_of(column: str) -> frozenset[str]:
    """The words of a column's name, in small letters without accents, each alone and each two in a row as one.

    ``customerFirst_name`` gives ``customer``, ``first``, ``name``, ``customerfirst`` and ``firstname``.
    """
    words = [plain(word) for word in _NOT_LETTERS.split(_CAMEL.sub(" ", column)) if word]
    return frozenset([*words, *(first + second for first, second in pairwise(words))])


def plain(word: str) -> str:
    """A word in small letters without accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not unicodedata.combining(sign)))


def says(column: str, words: frozenset[str]) -> bool:
    """Whether the column's name has one of the words."""
    return bool(words_of(column) & words)
