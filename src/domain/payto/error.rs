//! Why a payto URI is refused.

/// Why a payto URI is refused. The messages are for whoever sent it, and never repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaytoError {
    /// Longer than [`super::Payto::MAX_LENGTH`].
    #[error("a payto URI has at most 2048 bytes")]
    TooLong,
    /// Another scheme, or none.
    #[error("a payto URI begins with `payto://`")]
    Scheme,
    /// A character out of place in every payto URI.
    #[error("the payto URI has a character that must be percent-encoded")]
    Character,
    /// No type, no slash after it, or a character out of place in it.
    #[error("`payto://` is followed by the type of the account and a slash")]
    TargetType,
    /// Nothing after the type.
    #[error("the payto URI names no account")]
    Target,
    /// Too many or too few parts of an IBAN payto.
    #[error("expected `payto://iban/IBAN` or `payto://iban/BIC/IBAN`")]
    IbanPath,
    /// Not the form of a bank's code (ISO 9362).
    #[error("a BIC has 8 or 11 characters: six capital letters, then capital letters and digits")]
    Bic,
    /// Not the form of an IBAN (ISO 13616).
    #[error(
        "an IBAN has two capital letters, two check digits, then capital letters and digits, without blanks"
    )]
    IbanForm,
    /// A country that has no IBANs.
    #[error("the IBAN begins with the code of a country that has no IBANs")]
    IbanCountry,
    /// Right for another country, or for none.
    #[error("the IBAN does not have the length and form of its country's")]
    IbanNationalForm,
    /// A typing error, most likely.
    #[error("the check digits of the IBAN are wrong")]
    IbanChecksum,
    /// No host, or none of a valid form.
    #[error(
        "the host has letters, digits, `-`, `_` and single dots, and begins with none of `-` and `.`"
    )]
    Host,
    /// Not a port.
    #[error("the port is a number from 1 to 65535")]
    Port,
    /// No account after the host, or an empty part before it.
    #[error("the host is followed by a slash and the name of the account")]
    Account,
    /// No address of Bitcoin, or one whose checksum is wrong.
    #[error("the Bitcoin address is malformed or has a wrong checksum")]
    BitcoinAddress,
    /// No address of Ethereum.
    #[error("an Ethereum address has 40 hexadecimal digits, after `0x` or alone")]
    EthereumAddress,
    /// Upper and lower case do not agree with ERC-55.
    #[error("the upper and lower case of the Ethereum address do not fit: its checksum is wrong")]
    EthereumChecksum,
    /// Not the id of a chain.
    #[error("the chain after `@` is a positive number")]
    EthereumChain,
    /// No name where a bank needs one.
    #[error("the payto URI must say who holds the account in the option `receiver-name`")]
    ReceiverNameMissing,
    /// Not decodable, or with control characters.
    #[error("the option `receiver-name` is not percent-encoded UTF-8 text of one line")]
    ReceiverNameMalformed,
}
