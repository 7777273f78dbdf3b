//! Every verification code, one row each: the table behind [`Code`], and behind the page of all codes in docs/verdicts.md.
//! Comes in: nothing. Goes out: the rows, in groups that share the check, its usual status, the problem type and the next step.
//! Must not know: how anything is found.
//!
//! ```text
//! [checks] status TYPE NEXT_STEP {
//!     Variant "stable_code" in [other checks] as OtherStatus of OTHER_TYPE "Sentence." => "Other next step." embedded TYPE NEXT_STEP,
//! }
//! ```
//! TYPE: the URI of a standard where one names the problem; `OWN`: `/problems/CODE` of the gateway; `UNTYPED`: no type (texts.rs).
//! `embedded`: what an embedded proof (VC Data Integrity 1.0) says instead, where its standard or the reader's way out is another.

use super::codes;
use super::texts::*;

codes! {
    // Holds for every check.
    [All] Pass UNTYPED NONE {
        Ok "ok" "The check passed.",
        NotApplicable "not_applicable" as NotApplicable "The check does not apply to this credential, or an earlier check decided first.",
        PolicyAdjusted "policy_adjusted" as Warning "Your trust policy makes this check count more or less than usual.",
    }
    // The file holds no credential: nothing can be judged.
    [Format] Fail UNTYPED ASK_BADGE {
        EmptyFile "empty_file" "The file is empty." => "Ask the candidate to send the file again.",
        FileTooLarge "file_too_large" "The file is larger than any badge needs to be.",
        UnsupportedFile "unsupported_file" "Files of this kind carry no digital credential that can be verified.",
        TextInUtf16 "text_in_utf16" "The text file is in the UTF-16 encoding; credentials are in UTF-8."
            => "Ask for the file as it was downloaded, or save it again as UTF-8.",
        ImageWithoutBadge "image_without_badge" "The picture carries no badge data, and no QR code with a credential was found on it."
            => "Ask the candidate for the original file from the platform that issued the badge, or for the link to it. Copies, screenshots and chat apps drop the data.",
        BrokenImage "broken_image" "The picture is damaged." => "Ask the candidate to download the badge again.",
        NoCredentialFound "no_credential_found" "No digital credential was found in the document, the mail or the archive, after all of it was looked at."
            => "Such a file can't be verified by itself. Ask the candidate for the badge: the downloaded picture (PNG or SVG), the JSON file, or the link to it.",
        DocumentLocked "document_locked" "The document is locked with a password, so nothing in it could be looked at."
            => "Ask the candidate for the document without a password, or for the badge itself.",
        BrokenDocument "broken_document" "The document or the mail is damaged and can't be read." => SEND_AGAIN,
        DocumentTooDeep "document_too_deep" "The document stands in a document in a document, and was not opened." => SEND_DOCUMENT,
        WalletLink "wallet_link" "The file holds a link for a wallet. The link was not followed: only the candidate's own wallet can answer it."
            => "Ask the candidate to open the link with their wallet, and to send you the credential that the wallet then holds.",
        Companion "companion" as NotApplicable "The file came in an archive beside others and holds no credential; it does not count in the verdict." => NONE,
        TextChanged "text_changed" "A chat or mail program changed the text of the credential on its way, so that no signature on it can be checked." => ASK_ATTACHMENT,
        PrivateKeyFound "private_key_found" as Warning "The file also holds a private key, which was neither kept nor shown." => NEW_KEY,
        LinkInsteadOfFile "link_instead_of_file" "The file holds only a link, not a credential."
            => "Paste the link into the link box instead, or ask the candidate for the badge file.",
        DescriptionOnly "description_only" as Warning "The file describes a badge or its issuer; it awards nothing to anyone."
            => "Ask the candidate for the badge that was awarded to them: the downloaded picture (PNG or SVG) or the JSON file.",
        NotACredential "not_a_credential" "The file is a digital document, but not a credential that someone was awarded.",
        UnknownContent "unknown_content" "No credential was recognised in the file.",
        TooManyCredentials "too_many_credentials" "The file holds more credentials than one presentation may hold."
            => "Ask the candidate to share fewer credentials at a time.",
        UnreadableFile "unreadable_file" "The file could not be read from the disk." => "Check the path and the permissions.",
        InternalFault "internal_fault" "The gateway failed while it worked on the file, so the file could not be checked."
            => "Tell the operator of the gateway the time and the name of the file.",
    }
    // Archives and lists of credentials.
    [Format] Fail UNTYPED SEND_SINGLE {
        ArchiveTooDeep "archive_too_deep" "The file is an archive inside an archive.",
        ArchiveTooLarge "archive_too_large" "The archive unpacks to more data than is allowed.",
        BrokenArchive "broken_archive" "The archive is damaged and can't be opened.",
        BrokenEntry "broken_entry" "An entry of the archive is damaged.",
        DuplicateNames "duplicate_names" "Two entries of the archive have the same name; only one of them was read.",
        EmptyArchive "empty_archive" "The archive holds no files.",
        EncryptedEntry "encrypted_entry" "An entry of the archive is locked with a password.",
        LinkEntry "link_entry" "An entry of the archive is only a pointer to another file.",
        OverlappingEntries "overlapping_entries" "Entries of the archive overlap, as they do in files made to cause harm.",
        SuspiciousCompression "suspicious_compression" "An entry of the archive unpacks to suspiciously many times its size.",
        TooManyEntries "too_many_entries" "The archive holds more entries than are allowed.",
        TooManyItems "too_many_items" "The list holds more credentials than are allowed.",
    }
    // The file can't be taken apart as the kind of credential that it says it is.
    [Format] Fail PARSING ASK_FILE {
        DuplicateKey "duplicate_key" "A member appears twice in the same JSON object.",
        InvalidClaims "invalid_claims" "A claim of the token has the wrong type.",
        InvalidCose "invalid_cose" "The signed message (COSE) is broken.",
        InvalidCoseHeader "invalid_cose_header" "The header of the signed message (COSE) is broken.",
        InvalidJson "invalid_json" "The text is not valid JSON.",
        InvalidJwt "invalid_jwt" "The token (JWT) is broken.",
        InvalidJwtHeader "invalid_jwt_header" "The header of the token (JWT) is broken.",
        InvalidUtf8 "invalid_utf8" "The text is not valid UTF-8.",
        JsonTooDeep "json_too_deep" "The JSON is nested more deeply than is allowed.",
        JsonTooLarge "json_too_large" "The JSON holds more values than are allowed.",
        NoCredential "no_credential" "The file holds no credential of a known kind."
            => "Ask the candidate for the credential itself, as a file or as a badge image.",
        NumberOutOfRange "number_out_of_range" "The JSON holds a number that can't be read exactly.",
        ReservedKey "reserved_key" "The JSON uses a member name that is reserved.",
        TooLarge "too_large" "The token or signed message is larger than is allowed.",
        VcClaim "vc_claim" as Warning "The credential is wrapped in a way that its data model no longer uses."
            => "The credential can still be genuine; ask the issuer to issue it in today's form.",
        WrongMediaType "wrong_media_type" "The token does not say that it is a credential, or says that it is something else." => ASK_REISSUE,
    }
    [Format] Fail MALFORMED ASK_REISSUE {
        Malformed "malformed" "A required member of the credential is missing or malformed.",
    }
    [Format] Fail UNTYPED ASK_ISSUED {
        FormatInvalid "format_invalid" "The file is not a badge of the second generation (Open Badges 2.0) that can be read.",
        LegacyFormat "legacy_format" as Warning "The badge is of the first edition of Open Badges (2011 to 2017)."
            => "Ask the candidate whether the issuer has given out a newer one.",
    }
    // The words of the credential are not known, so that nobody can say what was signed.
    [Context] Fail UNTYPED ASK_ORIGINAL {
        UnknownContext "unknown_context" as CouldNotCheck of MALFORMED
            "The credential uses a vocabulary that is not known to the gateway."
            => "Nothing needs to be done unless you rely on the additional members."
            embedded TRANSFORMATION "Ask your administrator to add this vocabulary to the file that verify.contexts_file names (on the command line: --contexts), then check again.",
        ContextMissing "context_missing" "The document names no vocabulary.",
        ContextExcess "context_excess" "The document lists more vocabularies than are allowed.",
        ContextOrder "context_order" "The vocabulary of Verifiable Credentials is not the first one in the document.",
        ContextRepeated "context_repeated" "The document lists the same vocabulary twice.",
        ContextUnusual "context_unusual" as Warning "The badge does not name the vocabulary of Open Badges as it should."
            => "The badge can still be genuine; compare it with the issuer's page.",
        UndefinedTerm "undefined_term" of DATA_LOSS "A word of the document is not defined by its vocabularies, so the signature does not cover it.",
    }
    // The document breaks the rules of JSON-LD; the codes follow JSON-LD 1.1 API, section 9.6.
    [Context] Fail UNTYPED ASK_ORIGINAL {
        CollidingKeywords "colliding_keywords" "Two members of an object stand for the same JSON-LD keyword.",
        ContextOverflow "context_overflow" "Vocabularies refer to each other too deeply.",
        CyclicIriMapping "cyclic_iri_mapping" "A vocabulary defines a term by itself.",
        InvalidBaseDirection "invalid_base_direction" "A text direction is neither \"ltr\" nor \"rtl\".",
        InvalidBaseIri "invalid_base_iri" "The base address of a vocabulary is not an IRI.",
        InvalidContainerMapping "invalid_container_mapping" "The container of a term is not valid.",
        InvalidContextEntry "invalid_context_entry" "An imported vocabulary imports another one.",
        InvalidContextNullification "invalid_context_nullification" "A vocabulary takes back terms that are protected.",
        InvalidDefaultLanguage "invalid_default_language" "The default language of a vocabulary is not a text.",
        InvalidIdValue "invalid_id_value" "An identifier is not a text.",
        InvalidImportValue "invalid_import_value" "The address of an imported vocabulary is not a URL.",
        InvalidIncludedValue "invalid_included_value" "An included object is not a node.",
        InvalidIndexValue "invalid_index_value" "An index is not a text.",
        InvalidIriMapping "invalid_iri_mapping" "A term does not stand for an IRI.",
        InvalidKeywordAlias "invalid_keyword_alias" "A term is an alias of a keyword that can have no alias.",
        InvalidKeywordMember "invalid_keyword_member" "A member has the form of a keyword, but is not one.",
        InvalidLanguageMapValue "invalid_language_map_value" "A text in a map of languages is not a text.",
        InvalidLanguageMapping "invalid_language_mapping" "The language of a term is not a text.",
        InvalidLanguageTaggedString "invalid_language_tagged_string" "The language of a text is not a text.",
        InvalidLanguageTaggedValue "invalid_language_tagged_value" "A value with a language is not a text.",
        InvalidLocalContext "invalid_local_context" "A vocabulary is neither a URL nor an object.",
        InvalidNestValue "invalid_nest_value" "A nested group of members is not an object.",
        InvalidPrefixValue "invalid_prefix_value" "The statement whether a term is a prefix is neither true nor false.",
        InvalidPropagateValue "invalid_propagate_value" "The statement whether a vocabulary applies further inside is neither true nor false.",
        InvalidProtectedValue "invalid_protected_value" "The statement whether a term is protected is neither true nor false.",
        InvalidRemoteContext "invalid_remote_context" "An imported vocabulary is not an object.",
        InvalidReverseProperty "invalid_reverse_property" "A reverse term has members that it can't have.",
        InvalidReversePropertyMap "invalid_reverse_property_map" "A reverse member holds something other than properties.",
        InvalidReversePropertyValue "invalid_reverse_property_value" "The value of a reverse property is not a node.",
        InvalidReverseValue "invalid_reverse_value" "A reverse member is not an object.",
        InvalidSetOrListObject "invalid_set_or_list_object" "A list or set has members that it can't have.",
        InvalidTermDefinition "invalid_term_definition" "The definition of a term is not valid.",
        InvalidTypeMapping "invalid_type_mapping" "The type of a term is not an IRI.",
        InvalidTypeValue "invalid_type_value" "A type is not a text.",
        InvalidTypedValue "invalid_typed_value" "A value has a type that is not an IRI.",
        InvalidValueObject "invalid_value_object" "A value has members that it can't have.",
        InvalidValueObjectValue "invalid_value_object_value" "A value is neither a text, a number nor a boolean.",
        InvalidVersionValue "invalid_version_value" "The version of a vocabulary is not 1.1.",
        InvalidVocabMapping "invalid_vocab_mapping" "The default vocabulary is not an IRI.",
        KeywordRedefinition "keyword_redefinition" "A vocabulary redefines a JSON-LD keyword.",
        NestedIdentifier "nested_identifier" "An identifier stands inside a nested group of members.",
        ProtectedTermRedefinition "protected_term_redefinition" "A vocabulary redefines a protected term.",
    }
    // The structure, as JSON Schemas prescribe it.
    [Schema] Fail UNTYPED NONE {
        SchemaInvalid "schema_invalid" "The file does not have the structure that its format requires."
            => "Ask the issuer to issue the credential again.",
        SchemaDeviation "schema_deviation" as Warning "The file departs from the structure that its format prescribes."
            => "The credential can still be genuine; look at what the issuer left out or wrote differently.",
        SchemaViolation "schema_violation" as Warning "A place in the file breaks a rule of the schema.",
        SchemaUnusable "schema_unusable" "The built-in schema is broken." => "Tell the operator of the gateway.",
        ImageEmbedded "image_embedded" "The picture of a badge assertion is embedded instead of being an address.",
        RecipientContradictory "recipient_contradictory" "The badge contradicts itself about whether its recipient is hashed.",
        ExtensionInvalid "extension_invalid" "An extension of the badge breaks the rules for extensions.",
    }
    [Schema] CouldNotCheck UNTYPED SCHEMA_LATER {
        CredentialSchemaBroken "credential_schema_broken" as Warning "The document that the credential names as its schema is not that schema.",
        CredentialSchemaInvalid "credential_schema_invalid" "The schema that the credential names could not be applied.",
        CredentialSchemaTooMany "credential_schema_too_many" "The credential names more schemas than are applied.",
        CredentialSchemaUnavailable "credential_schema_unavailable" "The schema that the credential names could not be fetched.",
        CredentialSchemaUnknown "credential_schema_unknown" "The schema that the credential names is of an unknown kind.",
        CredentialSchemaViolated "credential_schema_violated" as Warning "The credential does not follow the schema that it names.",
    }
    // Signatures of every kind.
    [Proof] Fail CRYPTOGRAPHIC ASK_ORIGINAL {
        AlgorithmMismatch "algorithm_mismatch" "The signature algorithm does not fit the key.",
        AlgorithmRefused "algorithm_refused" "The signature algorithm can't prove who signed.",
        AlgorithmUnsupported "algorithm_unsupported" as CouldNotCheck of OWN "The signature algorithm is not supported." => OTHER_FORMAT,
        CertificateInvalid "certificate_invalid" "The certificate chain of the signing key is not valid.",
        KeyBindingInvalid "key_binding_invalid" in [Proof, Format] of PARSING "The holder's own signature on the credential is not valid."
            => ASK_FILE,
        SignatureInvalid "signature_invalid" "The signature does not match the document: the document was changed, or someone else signed it."
            embedded VERIFICATION ASK_ORIGINAL,
        UnknownCriticalHeader "unknown_critical_header" "The token demands an extension that is not known." => ASK_REISSUE,
        Unsigned "unsigned" "The file carries no signature, so nothing shows who wrote it."
            => "Ask for the signed original: this file carries no signature, so anyone may have written it.",
    }
    [Proof] Fail METHOD ASK_ORIGINAL {
        KeyInvalid "key_invalid" "The signing key can't be used." embedded VERIFICATION ASK_ORIGINAL,
        KeyMissing "key_missing" "The signing key could not be determined, or the issuer does not publish it." => ASK_REISSUE,
        KeyUnavailable "key_unavailable" as CouldNotCheck "The issuer's key could not be fetched." => TRY_LATER
            embedded UNTYPED "Try again later; the issuer's key could not be reached.",
        KeyUnsupported "key_unsupported" as CouldNotCheck "The issuer's key is of a kind that is not supported." => OTHER_FORMAT
            embedded UNTYPED OTHER_FORMAT,
    }
    // Embedded proofs (VC Data Integrity 1.0).
    [Proof] Fail VERIFICATION ASK_ORIGINAL {
        BaseProof "base_proof" "The credential carries the proof that is meant for its holder only."
            => "Ask for a copy made for sharing: this copy is meant to stay in the holder's wallet.",
        BbsEdition "bbs_edition" as CouldNotCheck of UNTYPED "The signature does not fit BBS as it is defined today."
            => "Do not rely on this file as it is. Ask the candidate for a copy made by an up-to-date wallet.",
        NoProof "no_proof" "The document carries no signature." => "Ask for the signed original: this file carries no signature.",
        PreviousProofMissing "previous_proof_missing" "The signature builds on another signature that is not in the document exactly once.",
        ProofAmbiguous "proof_ambiguous" of UNTYPED "Several signatures on a selectively disclosed document leave open which of them counts.",
        ProofExpired "proof_expired" "The signature's own period of validity is over." => "Ask for a fresh copy of the credential.",
        ProofMalformed "proof_malformed" "The proof is malformed.",
        ProofPurposeMismatch "proof_purpose_mismatch" "The proof was made for another purpose.",
        TooComplex "too_complex" in [Proof, Integrity] of TRANSFORMATION "The document is too complex to be checked.",
        UnsupportedProof "unsupported_proof" of UNTYPED "Signatures of this kind are not supported." => OTHER_FORMAT,
    }
    [Proof] Warning UNTYPED NONE {
        ContextEdition "context_edition" "The signature was made with another official edition of a vocabulary.",
        NotReached "not_reached" as CouldNotCheck "The signature was not checked, because the document can't be read unambiguously.",
    }
    // Presentations: what a holder shares, for one request.
    [Proof] Fail UNTYPED SHARE_AGAIN {
        ChallengeMismatch "challenge_mismatch" of CHALLENGE "The presentation answers another request." embedded CHALLENGE ASK_ORIGINAL,
        DomainMismatch "domain_mismatch" of DOMAIN "The presentation was made for another recipient." embedded DOMAIN ASK_ORIGINAL,
        HolderSignatureTime "holder_signature_time" "The holder's signature is dated too long before or after the moment at which it came.",
        HolderUnproven "holder_unproven" as Warning of OWN "The presentation is not signed, so nothing shows who sent it." => SHARE_SIGNED,
    }
    // Sealed European credentials and résumés.
    [Proof] Fail UNTYPED ASK_ORIGINAL {
        SealInvalid "seal_invalid" "The seal is broken." => "Ask the candidate for the credential as it was downloaded from the issuer or from Europass.",
        SealUnsupported "seal_unsupported" as CouldNotCheck "The seal uses a feature that is not supported."
            => "Check the credential on the Europass site.",
        SelfAsserted "self_asserted" as Warning "The candidate wrote the résumé; no one else signed it."
            => "Rely on the signed credentials inside it, each of which was verified on its own.",
    }
    // Open Badges 2.0 and older, which stand on the issuer's site.
    [Proof] Fail UNTYPED ASK_ISSUED {
        HostedAddressInvalid "hosted_address_invalid" "The badge should be hosted, but it names no valid web address.",
        HostedIdMismatch "hosted_id_mismatch" "The badge's web address leads to another badge.",
        HostedCopyUnavailable "hosted_copy_unavailable" in [Schema, Proof, Integrity, Status] as CouldNotCheck
            "The badge on the issuer's site could not be fetched."
            => "Check again later, or ask the candidate for a link to the badge on the issuer's site.",
        NotVerifiable "not_verifiable" as CouldNotCheck "Badges of this kind carry nothing that proves who issued them."
            => "Ask the issuer whether the badge is genuine.",
    }
    // The key belongs to the issuer and may be used to issue credentials.
    [Controller] Fail METHOD ASK_REISSUE {
        CertificateNotYetValid "certificate_not_yet_valid" "The certificate of the signing key is not valid yet.",
        CertificateUnconfirmed "certificate_unconfirmed" as Warning "Whether the certificate of the signing key was revoked could not be checked."
            => TRY_LATER,
        ControllerMismatch "controller_mismatch" "The signing key belongs to someone other than the issuer or holder that the document names."
            => ASK_ORIGINAL,
        IssuerMissing "issuer_missing" "The document names no issuer that a key could belong to." => ASK_ORIGINAL,
        IssuerUnproven "issuer_unproven" in [Controller, IssuerTrust] as CouldNotCheck "Nothing proves that the named issuer made the credential."
            => "Check by other means, for example on the issuer's own website, that this issuer made the credential.",
        KeyExpired "key_expired" "The issuer's key had expired.",
        KeyNotAllowed "key_not_allowed" of RELATIONSHIP "The issuer does not list the key for this use.",
        KeyNotPublished "key_not_published" "The issuer does not list the key that signed the credential." => ASK_ORIGINAL,
        KeyRetired "key_retired" "The issuer had already retired the key when it signed the credential.",
        KeyRetiredSince "key_retired_since" as Warning "The issuer has retired the key since it signed the credential."
            => "Ask the issuer whether the credential still stands: the date of a signature is its maker's own word.",
        KeyRevoked "key_revoked" "The issuer has withdrawn the key that signed the credential.",
    }
    [Controller] Fail UNTYPED ASK_ISSUED {
        HostedOutOfScope "hosted_out_of_scope" "The badge does not stand on its issuer's site.",
        IssuerUnavailable "issuer_unavailable" in [Controller, Status] as CouldNotCheck "The issuer's profile could not be fetched."
            => "Check again later, or ask the candidate for a link to the badge on the issuer's site.",
        KeyNotListed "key_not_listed" as Warning "The key stands on the issuer's site, but the issuer's profile lists no keys."
            => "Compare the badge with the issuer's page.",
        SealChainUnchecked "seal_chain_unchecked" as CouldNotCheck "It could not be checked whose certificate made the seal."
            => "Check the credential on the Europass site, which knows the qualified seals.",
    }
    // Every value that a reader sees is covered by the signature.
    [Integrity] Fail CRYPTOGRAPHIC ASK_ORIGINAL {
        ClaimMissing "claim_missing" of MALFORMED "A claim that repeats a member of the credential is missing from the token." => ASK_REISSUE,
        ClaimsMismatch "claims_mismatch" "The token says two different things about the same member.",
        DisclosureInvalid "disclosure_invalid" in [Integrity, Format] "A disclosed part of the credential does not fit the signature." => ASK_FILE,
        ResultWithholdable "result_withholdable" as Warning of OWN "The holder could have left out a result."
            => "Ask for a copy that discloses every result." embedded UNTYPED "Ask for a copy that discloses every result.",
        SecondTruth "second_truth" in [Integrity, Format] of PARSING "The file holds a second document beside the signed one." => ASK_FILE,
        Undisclosed "undisclosed" in [Integrity, Format] "A part of the credential that decides whether it is valid is not disclosed."
            => ASK_DISCLOSED embedded UNTYPED ASK_DISCLOSED,
        Withholdable "withholdable" as Warning of OWN "The holder could have left out the credential's validity or status." => ASK_DISCLOSED
            embedded UNTYPED ASK_DISCLOSED,
    }
    [Integrity] Fail UNTYPED ASK_ORIGINAL {
        DataLoss "data_loss" of DATA_LOSS "A value is not covered by the signature.",
        InlineContext "inline_context" in [Context, Integrity] as Warning "The document itself defines what some of its words mean."
            => "Rely on the fields of the standard only; ask the issuer about the others." embedded UNTYPED ASK_ORIGINAL,
        InnerContext "inner_context" "A part of the document brings a vocabulary of its own.",
        InnerContextMissing "inner_context_missing" "A credential inside the document names no vocabulary.",
        KeywordMember "keyword_member" "A member could hide values from readers or move them.",
        NestedArray "nested_array" "A list stands directly in a list, so it reads differently from what was signed.",
        NodeRedescribed "node_redescribed" "The document describes the same thing twice in different ways.",
        NotPlain "not_plain" "A member of the standard is not written in its plain form.",
        NotSigned "not_signed" "A member is not covered by the signature.",
        RenamedMember "renamed_member" "A member hides a standard field under another name.",
        RepeatedType "repeated_type" "A type is given twice.",
        TokenNotCovered "token_not_covered" as Warning "The presentation's signature does not cover the token in it."
            => "Check by other means that the candidate is the person whom the token is about.",
        ValueObject "value_object" "A value is wrapped, so that readers would miss it.",
    }
    [Integrity] Warning UNTYPED NONE {
        FetchedFromOtherAddress "fetched_from_other_address" "A part of the badge was fetched from another address than the badge names."
            => "Compare the badge with the issuer's page.",
        HostedCopyDiffers "hosted_copy_differs" "The file differs from the badge on the issuer's site; only the badge on the site was used."
            => "Ask the candidate how the file was made.",
        RelatedResourceMismatch "related_resource_mismatch" as Fail
            "A document that the credential refers to is not the document that the issuer meant." => "Ask the issuer to issue the credential again.",
        RelatedResourceTooMany "related_resource_too_many" "The credential refers to more documents than are checked.",
    }
    // The period of validity.
    [Validity] Fail OWN NONE {
        AudienceMismatch "audience_mismatch" "The credential is made out to someone other than you."
            => "Ask the candidate for a credential that is made out to you, or to no one in particular.",
        AudienceUnknown "audience_unknown" as CouldNotCheck
            "The credential is made out to certain readers, and your trust policy does not say whether you are one of them."
            => "Ask the candidate for a credential that is not made out to someone else.",
        DateMalformed "date_malformed" of MALFORMED "A date of the credential can't be read." => ASK_REISSUE,
        Expired "expired" "The credential has expired." => "Ask the candidate for a current credential.",
        NotYetValid "not_yet_valid" "The credential is not valid yet." => "Look at the credential again once it has become valid.",
        WindowInverted "window_inverted" of UNTYPED "The badge expired before it was issued." => "Ask the issuer to issue the badge again.",
    }
    // Whether the issuer has withdrawn the credential.
    [Status] Fail UNTYPED STATUS_LATER {
        NotRevoked "not_revoked" as Pass "The issuer has neither revoked nor suspended the credential." => NONE,
        Revoked "revoked" "The issuer has revoked the credential." => "Do not rely on it. Ask the candidate or the issuer why it was withdrawn.",
        Suspended "suspended" "The issuer has suspended the credential for now."
            => "Try again later, or ask the issuer when it will be in force again.",
        RefreshAvailable "refresh_available" as Warning "The issuer has a newer edition of the credential."
            => "Ask the candidate for the newer edition.",
        StatusEntryInvalid "status_entry_invalid" "The credential's own statement on where its status is published is broken."
            => "Ask the issuer to issue the credential again.",
        StatusMessage "status_message" as Warning "The issuer has published a remark about the credential." => "Read the remark.",
        StatusListOtherIssuer "status_list_other_issuer" as Warning "Someone other than the issuer signed the status list."
            => "If it matters, ask the issuer whether the credential is still in force.",
    }
    [Status] CouldNotCheck STATUS_VERIFICATION STATUS_LATER {
        StatusIndexOutOfRange "status_index_out_of_range" of STATUS_RANGE "The status list is too short to say anything about the credential.",
        StatusListExpired "status_list_expired" "The issuer's status list has expired.",
        StatusListInvalid "status_list_invalid" "The issuer's status list is broken.",
        StatusListNotYetValid "status_list_not_yet_valid" "The issuer's status list is not valid yet.",
        StatusListSignatureInvalid "status_list_signature_invalid" "The issuer's status list is not genuine.",
        StatusListTooShort "status_list_too_short" of STATUS_LENGTH "The status list is shorter than the standard allows.",
        StatusListUnavailable "status_list_unavailable" of STATUS_RETRIEVAL "The issuer's status list could not be fetched.",
        StatusListUnverifiable "status_list_unverifiable" of UNTYPED "It could not be checked whether the status list is genuine.",
        StatusListWrongPurpose "status_list_wrong_purpose" "The status list is for another purpose.",
        StatusListWrongType "status_list_wrong_type" "The document at the status list's address is not a status list.",
        StatusPurposeUnknown "status_purpose_unknown" of UNTYPED "The purpose of the status list is not known.",
        StatusTooManyEntries "status_too_many_entries" of UNTYPED "The credential has more status entries than are checked.",
        StatusTypeUnknown "status_type_unknown" of UNTYPED "The kind of the status list is not known.",
    }
    // Whether you trust the issuer.
    [IssuerTrust] Pass UNTYPED NONE {
        IssuerAllowed "issuer_allowed" "Your trust policy accepts this issuer.",
        IssuerRegistered "issuer_registered" "The issuer is listed in a registry that your trust policy accepts.",
        IssuerUnknownAllowed "issuer_unknown_allowed" "The issuer is not known; your trust policy accepts any issuer.",
        IssuerDenied "issuer_denied" as Fail "Your trust policy does not accept credentials of this issuer."
            => "If that is wrong, ask the person who keeps the trust policy.",
        IssuerUnknown "issuer_unknown" as Warning "No one whom you trust has vouched for the issuer yet."
            => "Look the issuer up; if you trust it, have it added to the trust policy.",
        AchievementTypeNotCovered "achievement_type_not_covered" as Warning
            "Your trust policy accepts the issuer, but not for credentials of this kind."
            => "Ask the issuer whether it may award this, or ask the person who keeps the trust policy.",
        RegistryUnavailable "registry_unavailable" as CouldNotCheck "A registry did not answer, so it could not be checked whether the issuer is known." => "Check again later.",
    }
    // Whether the credential is about the person.
    [Recipient] Warning UNTYPED NONE {
        RecipientMatchedDid "recipient_matched_did" as Pass "The person proved control of the identifier that the credential was issued to.",
        RecipientMatchedEmail "recipient_matched_email" as Pass "The credential names the person's e-mail address.",
        RecipientMatchedHash "recipient_matched_hash" as Pass "The credential holds a hash of the person's e-mail address.",
        RecipientMatchedVariant "recipient_matched_variant" "The credential matches the person's address only without the part after the plus sign."
            => "Confirm that both addresses belong to the candidate.",
        RecipientMismatch "recipient_mismatch" as Fail "The credential was issued to someone other than the person named."
            => "Check the candidate's e-mail addresses: the badge may be bound to an older address. Ask the candidate which address it was issued to.",
        RecipientUnproven "recipient_unproven" "The credential fits only an address that somebody gave for the person earlier and that nobody has proven."
            => "Ask the candidate whether the address is theirs. If it is, send the file again with the address; if it is not, take the address away from the candidate.",
        RecipientNameDiffers "recipient_name_differs" "The credential gives a different name." => "Ask the candidate whether the name changed.",
        RecipientNameOnly "recipient_name_only" "Only the name fits, and many people share a name." => "Ask the candidate to show the badge from their own account, or compare the e-mail address that it was issued to.",
        RecipientSeveral "recipient_several" "The credential speaks of several people or things; a person has to tell which part is about whom."
            => "Read which part of the credential is about the candidate.",
        HolderUnbound "holder_unbound" "The credential answers a request, but its holder did not sign the answer." => SHARE_SIGNED,
        RecipientUnbound "recipient_unbound" "The credential does not say whom it was issued to." => "Ask the candidate for other evidence that the credential is theirs.",
        RecipientUnknowable "recipient_unknowable" "The credential names its owner in a way that can't be compared with what is known of the person."
            => "Ask the candidate to present the credential from their wallet, or add the e-mail address that it was issued to.",
        MatchedLowerCase "matched_lower_case" as Pass "The address matched after it was written in lower case.",
        UnsaltedHash "unsalted_hash" as Pass "The hash of the address has no salt, so others who know the address can recognise it.",
        WeakHash "weak_hash" as Pass "The address is protected by MD5, which is outdated.",
    }
    // Credentials inside the credential.
    [Nested] Warning UNTYPED LOOK_INSIDE {
        EndorsementInvalid "endorsement_invalid" "An endorsement inside can't be relied on; the credential itself is not affected."
            => "Do not rely on the endorsement.",
        NestedAttention "nested_attention" "Some of the credentials inside need a person's attention.",
        NestedRejected "nested_rejected" "Some of the credentials inside can't be relied on; the others are not affected.",
        NestedTooDeep "nested_too_deep" as CouldNotCheck "Credentials are nested more deeply than is checked."
            => "Ask the candidate for the inner credentials one by one.",
        NestedTooMany "nested_too_many" as CouldNotCheck "The credential holds more inner credentials than are checked."
            => "Ask the candidate for the credentials that matter one by one.",
    }
}
