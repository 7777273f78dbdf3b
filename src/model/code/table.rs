//! Every verification code, one row each: the table behind [`Code`], and behind the page of all codes in docs/verdicts.md.
//! Comes in: nothing. Goes out: the rows, in groups that share the check, its usual status, the problem type and the next step.
//! Must not know: the checks' code.
//!
//! ```text
//! [checks] status TYPE NEXT_STEP {
//!     Variant "stable_code" in [other checks] as OtherStatus of OTHER_TYPE "Sentence." => "Other next step." embedded TYPE NEXT_STEP,
//! }
//! ```
//! TYPE: the URI of a standard where one names the problem; `OWN`: `/problems/CODE` of the gateway; `UNTYPED`: no type (texts.rs).
//! `embedded`: problem type and next step for an embedded proof (VC Data Integrity 1.0), if they differ.

use super::codes;
use super::texts::*;

codes! {
    // Every check.
    [All] Pass UNTYPED NONE {
        Ok "ok" "The check passed.",
        NotApplicable "not_applicable" as NotApplicable "The check does not apply to this credential, or an earlier check decided first.",
        PolicyAdjusted "policy_adjusted" as Warning "Your trust policy makes this check stricter or more lenient than usual.",
    }
    // The file holds no credential.
    [Format] Fail UNTYPED ASK_BADGE {
        EmptyFile "empty_file" "The file is empty." => "Ask the candidate to send the file again.",
        FileTooLarge "file_too_large" "The file is too large to be a badge.",
        UnsupportedFile "unsupported_file" "Files of this kind carry no digital credential that can be verified.",
        TextInUtf16 "text_in_utf16" "The text file is in the encoding UTF-16, and it is damaged, so it could not be read."
            => SEND_AGAIN,
        ImageWithoutBadge "image_without_badge" "The picture holds no badge data, and no QR code with a credential was found in it."
            => "Ask the candidate for the original file from the platform that issued the badge, or for the link to the badge. Screenshots, copies and chat apps lose the badge data.",
        BrokenImage "broken_image" "The picture is damaged." => "Ask the candidate to download the badge again.",
        NoCredentialFound "no_credential_found" "The whole document, e-mail or archive was searched, and it holds no digital credential."
            => "A file like this can't be verified. Ask the candidate for the badge: the downloaded picture (PNG or SVG), the JSON file, or the link to the badge.",
        DocumentLocked "document_locked" "The document is protected by a password, so it could not be opened."
            => "Ask the candidate for the document without a password, or for the badge itself.",
        BrokenDocument "broken_document" "The document or e-mail is damaged and can't be read." => SEND_AGAIN,
        DocumentTooDeep "document_too_deep" "The document lies too deep inside other documents, so it was not opened." => SEND_DOCUMENT,
        WalletLink "wallet_link" "The file holds a link for a wallet. The link was not followed: only the candidate's own wallet can open it."
            => "Ask the candidate to open the link with their wallet, and to send you the credential that they receive there.",
        PeopleList "people_list" as NotApplicable "The file is a list that says whose the other files are." => NONE,
        Companion "companion" as NotApplicable "The file came with other files and holds no credential, so it does not affect the verdict." => NONE,
        TextChanged "text_changed" "A chat or e-mail program changed the text of the credential, so its signature can't be checked." => ASK_ATTACHMENT,
        PrivateKeyFound "private_key_found" as Warning "The file also holds a private key, which only its owner should have. The key was neither stored nor shown." => NEW_KEY,
        LinkInsteadOfFile "link_instead_of_file" "The file holds only a link, not a credential." => "Paste the link into the link box instead, or ask the candidate for the badge file.",
        DescriptionOnly "description_only" as Warning "The file describes a badge or its issuer, but does not award the badge to anyone."
            => "Ask the candidate for the badge that was awarded to them: the downloaded picture (PNG or SVG) or the JSON file.",
        NotACredential "not_a_credential" "The file is a digital document, but not a credential that was awarded to someone.",
        UnknownContent "unknown_content" "No credential was recognised in the file.",
        TooManyCredentials "too_many_credentials" "The file holds more credentials than can be shared at once." => "Ask the candidate to share fewer credentials at a time.",
        UnreadableFile "unreadable_file" "The file could not be read from the disk." => "Check the path and the permissions.",
        InternalFault "internal_fault" "The gateway had an internal error, so the file could not be checked."
            => "Send the file again. If that fails too, tell your administrator the time and the name of the file.",
    }
    // Archives and lists of credentials.
    [Format] Fail UNTYPED SEND_SINGLE {
        ArchiveTooDeep "archive_too_deep" "The file is an archive inside an archive.",
        ArchiveTooLarge "archive_too_large" "The archive unpacks to more data than is allowed.",
        BrokenArchive "broken_archive" "The archive is damaged and can't be opened.",
        BrokenEntry "broken_entry" "A file in the archive is damaged.",
        DuplicateNames "duplicate_names" "Two files in the archive have the same name; only one of them was read.",
        EmptyArchive "empty_archive" "The archive holds no files.",
        EncryptedEntry "encrypted_entry" "A file in the archive is protected by a password.",
        LinkEntry "link_entry" "A file in the archive is only a link to another file.",
        OverlappingEntries "overlapping_entries" "Files in the archive overlap, as they do in archives that are made to cause harm.",
        SuspiciousCompression "suspicious_compression" "A file in the archive grows suspiciously large when it is unpacked.",
        TooManyEntries "too_many_entries" "The archive holds more files than are allowed.",
        TooManyItems "too_many_items" "The list holds more credentials than are allowed.",
    }
    // The file can't be read as the kind of credential that it claims to be.
    [Format] Fail PARSING ASK_FILE {
        DuplicateKey "duplicate_key" "A field appears twice in the same JSON object.",
        InvalidClaims "invalid_claims" "A field of the token (JWT) holds the wrong kind of value.",
        InvalidCose "invalid_cose" "The signed message (COSE) can't be read.",
        InvalidCoseHeader "invalid_cose_header" "The header of the signed message (COSE) can't be read.",
        InvalidJson "invalid_json" "The text is not valid JSON, so it can't be read.",
        InvalidJwt "invalid_jwt" "The token (JWT) can't be read.",
        InvalidJwtHeader "invalid_jwt_header" "The header of the token (JWT) can't be read.",
        InvalidUtf8 "invalid_utf8" "The text is not valid UTF-8, so it can't be read.",
        JsonTooDeep "json_too_deep" "The JSON is nested more deeply than is allowed.",
        JsonTooLarge "json_too_large" "The JSON holds more values than are allowed.",
        NoCredential "no_credential" "The file holds no credential of a known kind." => "Ask the candidate for the credential itself, as a file or as a badge image.",
        NumberOutOfRange "number_out_of_range" "The JSON holds a number that can't be read exactly.",
        ReservedKey "reserved_key" "The JSON uses a field name that is reserved.",
        TooLarge "too_large" "The token or signed message is larger than is allowed.",
        VcClaim "vc_claim" as Warning "The credential is packaged in an outdated way."
            => "The credential can still be genuine. To be certain, ask the issuer to issue it in the current form.",
        WrongMediaType "wrong_media_type" "The token does not say that it is a credential, or says that it is something else." => ASK_REISSUE,
    }
    [Format] Fail MALFORMED ASK_REISSUE {
        Malformed "malformed" "A required field of the credential is missing or malformed.",
    }
    [Format] Fail UNTYPED ASK_ISSUED {
        FormatInvalid "format_invalid" "The file can't be read as an Open Badges 2.0 badge.",
        LegacyFormat "legacy_format" as Warning "The badge follows the first edition of Open Badges (2011 to 2017)." => "Ask the candidate whether the issuer has issued a newer badge.",
    }
    // The credential's vocabulary is unknown or broken, so it is unclear what was signed.
    [Context] Fail UNTYPED ASK_ORIGINAL {
        UnknownContext "unknown_context" as CouldNotCheck of MALFORMED
            "The credential uses a vocabulary (JSON-LD context) that the gateway does not know." => "Do nothing, unless you rely on the fields that this vocabulary defines."
            embedded TRANSFORMATION "Ask your administrator to add this vocabulary (`skillgate context add URL`, with the address that the message names), then check again.",
        ContextMissing "context_missing" "The document does not name its vocabulary (JSON-LD context).",
        ContextExcess "context_excess" "The document lists more vocabularies than are allowed.",
        ContextOrder "context_order" "The document does not list the vocabulary of Verifiable Credentials first.",
        ContextRepeated "context_repeated" "The document lists the same vocabulary twice.",
        ContextUnusual "context_unusual" as Warning "The badge does not name the vocabulary of Open Badges as it should."
            => "The badge can still be genuine. Compare it with the issuer's website.",
        UndefinedTerm "undefined_term" of DATA_LOSS "The document uses a word that its vocabularies do not define, so the signature does not cover that word.",
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
        InvalidContextNullification "invalid_context_nullification" "A vocabulary removes terms that are protected.",
        InvalidDefaultLanguage "invalid_default_language" "The default language of a vocabulary is not text.",
        InvalidIdValue "invalid_id_value" "An identifier is not text.",
        InvalidImportValue "invalid_import_value" "The address of an imported vocabulary is not a URL.",
        InvalidIncludedValue "invalid_included_value" "An included object is not a node.",
        InvalidIndexValue "invalid_index_value" "An index is not text.",
        InvalidIriMapping "invalid_iri_mapping" "A term does not stand for an IRI.",
        InvalidKeywordAlias "invalid_keyword_alias" "A term is an alias of a keyword that must not have an alias.",
        InvalidKeywordMember "invalid_keyword_member" "A member looks like a JSON-LD keyword, but is not a keyword.",
        InvalidLanguageMapValue "invalid_language_map_value" "An entry of a language map is not text.",
        InvalidLanguageMapping "invalid_language_mapping" "The language of a term is not text.",
        InvalidLanguageTaggedString "invalid_language_tagged_string" "The language of a text is not written as text.",
        InvalidLanguageTaggedValue "invalid_language_tagged_value" "A value with a language is not text.",
        InvalidLocalContext "invalid_local_context" "A vocabulary is neither a URL nor an object.",
        InvalidNestValue "invalid_nest_value" "A nested group of members is not an object.",
        InvalidPrefixValue "invalid_prefix_value" "The setting whether a term is a prefix (@prefix) is neither true nor false.",
        InvalidPropagateValue "invalid_propagate_value" "The setting whether a vocabulary also applies further inside (@propagate) is neither true nor false.",
        InvalidProtectedValue "invalid_protected_value" "The setting whether a term is protected (@protected) is neither true nor false.",
        InvalidRemoteContext "invalid_remote_context" "An imported vocabulary is not an object.",
        InvalidReverseProperty "invalid_reverse_property" "A reverse term has members that are not allowed there.",
        InvalidReversePropertyMap "invalid_reverse_property_map" "A reverse member holds something other than properties.",
        InvalidReversePropertyValue "invalid_reverse_property_value" "The value of a reverse property is not a node.",
        InvalidReverseValue "invalid_reverse_value" "A reverse member is not an object.",
        InvalidSetOrListObject "invalid_set_or_list_object" "A list or set has members that are not allowed there.",
        InvalidTermDefinition "invalid_term_definition" "The definition of a term is not valid.",
        InvalidTypeMapping "invalid_type_mapping" "The type of a term is not an IRI.",
        InvalidTypeValue "invalid_type_value" "A type is not text.",
        InvalidTypedValue "invalid_typed_value" "A value has a type that is not an IRI.",
        InvalidValueObject "invalid_value_object" "A value has members that are not allowed there.",
        InvalidValueObjectValue "invalid_value_object_value" "A value is neither text, a number nor a boolean.",
        InvalidVersionValue "invalid_version_value" "The version of a vocabulary is not 1.1.",
        InvalidVocabMapping "invalid_vocab_mapping" "The default vocabulary is not an IRI.",
        KeywordRedefinition "keyword_redefinition" "A vocabulary redefines a JSON-LD keyword.",
        NestedIdentifier "nested_identifier" "A nested group of members has an identifier.",
        ProtectedTermRedefinition "protected_term_redefinition" "A vocabulary redefines a protected term.",
    }
    // The structure, as JSON Schemas prescribe it.
    [Schema] Fail UNTYPED NONE {
        SchemaInvalid "schema_invalid" "The file does not have the structure that its format requires." => "Ask the issuer to issue the credential again.",
        SchemaDeviation "schema_deviation" as Warning "The file differs from the structure that its format prescribes."
            => "The credential can still be genuine. Look at what the issuer left out or wrote differently.",
        SchemaViolation "schema_violation" as Warning "A part of the file breaks a rule of the schema.",
        SchemaUnusable "schema_unusable" "The gateway's own schema is broken." => "Tell your administrator.",
        ImageEmbedded "image_embedded" "The badge contains its picture instead of the picture's web address.",
        RecipientContradictory "recipient_contradictory" "The badge contradicts itself about whether its recipient's address is hidden (hashed).",
        ExtensionInvalid "extension_invalid" "An extension of the badge breaks the rules for extensions.",
    }
    [Schema] CouldNotCheck UNTYPED SCHEMA_LATER {
        CredentialSchemaBroken "credential_schema_broken" as Warning "The credential names a schema, but its address leads to something else.",
        CredentialSchemaInvalid "credential_schema_invalid" "The schema that the credential names could not be applied.",
        CredentialSchemaTooMany "credential_schema_too_many" "The credential names more schemas than are applied.",
        CredentialSchemaUnavailable "credential_schema_unavailable" "The schema that the credential names could not be fetched.",
        CredentialSchemaUnknown "credential_schema_unknown" "The schema that the credential names is of an unknown kind.",
        CredentialSchemaViolated "credential_schema_violated" as Warning "The credential does not follow the schema that it names.",
    }
    // Signatures of every kind.
    [Proof] Fail CRYPTOGRAPHIC ASK_ORIGINAL {
        AlgorithmMismatch "algorithm_mismatch" "The signature algorithm does not fit the key.",
        AlgorithmRefused "algorithm_refused" "The signature algorithm can't prove who signed the document.",
        AlgorithmUnsupported "algorithm_unsupported" as CouldNotCheck of OWN "The gateway does not support the signature algorithm." => OTHER_FORMAT,
        CertificateInvalid "certificate_invalid" "The certificate chain of the signing key is not valid.",
        KeyBindingInvalid "key_binding_invalid" in [Proof, Format] of PARSING "The holder's own signature on the credential is not valid." => ASK_FILE,
        SignatureInvalid "signature_invalid" "The signature does not match the document: the document was changed, or someone else signed it."
            embedded VERIFICATION ASK_ORIGINAL,
        UnknownCriticalHeader "unknown_critical_header" "The token requires an extension that the gateway does not know." => ASK_REISSUE,
        Unsigned "unsigned" "The file carries no signature, so nothing shows who wrote it." => "Ask the candidate for the signed original. Anyone could have written this file.",
    }
    [Proof] Fail METHOD ASK_ORIGINAL {
        KeyInvalid "key_invalid" "The signing key can't be used." embedded VERIFICATION ASK_ORIGINAL,
        KeyMissing "key_missing" "The signing key could not be determined, or the issuer does not publish it." => ASK_REISSUE,
        KeyUnavailable "key_unavailable" as CouldNotCheck "The issuer's key could not be fetched." => TRY_LATER
            embedded UNTYPED TRY_LATER,
        KeyUnsupported "key_unsupported" as CouldNotCheck "The gateway does not support the kind of key that the issuer uses." => OTHER_FORMAT
            embedded UNTYPED OTHER_FORMAT,
    }
    // Embedded proofs (VC Data Integrity 1.0).
    [Proof] Fail VERIFICATION ASK_ORIGINAL {
        BaseProof "base_proof" "This copy of the credential is meant for its holder only."
            => "Ask the candidate to share the credential from their wallet, which makes a copy for others.",
        BbsEdition "bbs_edition" as CouldNotCheck of UNTYPED "The signature does not follow the current edition of the BBS standard, so it could not be checked."
            => "Do not rely on this file. Ask the candidate for a copy from an up-to-date wallet.",
        NoProof "no_proof" "The document carries no signature." => "Ask the candidate for the signed original. Anyone could have written this document.",
        PreviousProofMissing "previous_proof_missing" "The signature builds on an earlier signature, which the document must hold exactly once and does not.",
        ProofAmbiguous "proof_ambiguous" of UNTYPED "The document is an extract with several signatures, so it is unclear which signature counts.",
        ProofExpired "proof_expired" "The signature itself has expired." => "Ask the candidate for a new copy of the credential.",
        ProofMalformed "proof_malformed" "The signature (proof) is malformed.",
        ProofPurposeMismatch "proof_purpose_mismatch" "The signature was made for another purpose.",
        TooComplex "too_complex" in [Proof, Integrity] of TRANSFORMATION "The document is too complex to be checked.",
        UnsupportedProof "unsupported_proof" of UNTYPED "The gateway does not support signatures of this kind." => OTHER_FORMAT,
    }
    [Proof] Warning UNTYPED NONE {
        ContextEdition "context_edition" "The signature was made with another official edition of a vocabulary.",
        NotReached "not_reached" as CouldNotCheck "The signature was not checked, because the document can't be read unambiguously.",
    }
    // Presentations: what a holder shares, for one request.
    [Proof] Fail UNTYPED SHARE_AGAIN {
        ChallengeMismatch "challenge_mismatch" of CHALLENGE "The presentation was made for another request." embedded CHALLENGE ASK_ORIGINAL,
        DomainMismatch "domain_mismatch" of DOMAIN "The presentation was made for another recipient." embedded DOMAIN ASK_ORIGINAL,
        HolderSignatureTime "holder_signature_time" "The holder's signature is dated too long before or after the moment at which it came.",
        HolderUnproven "holder_unproven" as Warning of OWN "The presentation is not signed, so nothing shows who sent it." => SHARE_SIGNED,
    }
    // Sealed European credentials and résumés.
    [Proof] Fail UNTYPED ASK_ORIGINAL {
        SealInvalid "seal_invalid" "The electronic seal is not valid." => "Ask the candidate for the credential as it was downloaded from the issuer or from Europass.",
        SealUnsupported "seal_unsupported" as CouldNotCheck "The seal uses a feature that the gateway does not support." => "Check the credential on the Europass site.",
        SelfAsserted "self_asserted" as Warning "The candidate wrote the résumé, and no one else signed it."
            => "Rely only on the signed credentials inside it; each of them was verified on its own.",
    }
    // Open Badges 2.0 and older, which are hosted on the issuer's site.
    [Proof] Fail UNTYPED ASK_ISSUED {
        HostedAddressInvalid "hosted_address_invalid" "The badge should be hosted, but it names no valid web address.",
        HostedIdMismatch "hosted_id_mismatch" "The badge's web address leads to another badge.",
        HostedCopyUnavailable "hosted_copy_unavailable" in [Schema, Proof, Integrity, Status] as CouldNotCheck
            "The badge on the issuer's site could not be fetched." => "Check again later, or ask the candidate for a link to the badge on the issuer's site.",
        NotVerifiable "not_verifiable" as CouldNotCheck "Badges of this kind hold nothing that proves who issued them." => "Ask the issuer whether the badge is genuine.",
    }
    // The key belongs to the issuer and may be used to issue credentials.
    [Controller] Fail METHOD ASK_REISSUE {
        CertificateNotYetValid "certificate_not_yet_valid" "The certificate of the signing key is not valid yet.",
        CertificateUnconfirmed "certificate_unconfirmed" as Warning "It could not be checked whether the signing key's certificate was revoked." => TRY_LATER,
        ControllerMismatch "controller_mismatch" "The signing key belongs to someone other than the issuer or holder that the document names." => ASK_ORIGINAL,
        IssuerMissing "issuer_missing" "The document does not name its issuer, so the signing key can't be matched to an issuer." => ASK_ORIGINAL,
        IssuerUnproven "issuer_unproven" in [Controller, IssuerTrust] as CouldNotCheck "Nothing proves that the named issuer made the credential."
            => "Check by other means, for example on the issuer's own website, that this issuer made the credential.",
        KeyExpired "key_expired" "The issuer's key had already expired when it was used.",
        KeyNotAllowed "key_not_allowed" of RELATIONSHIP "The issuer has not approved the key for this use.",
        KeyNotPublished "key_not_published" "The issuer does not publish the key that signed the credential." => ASK_ORIGINAL,
        KeyRetired "key_retired" "The issuer had already stopped using the key when it signed the credential.",
        KeyRetiredSince "key_retired_since" as Warning "The issuer has stopped using the key since it signed the credential."
            => "Ask the issuer whether the credential is genuine, because a signer can write any date into a signature.",
        KeyRevoked "key_revoked" "The issuer has withdrawn the key that signed the credential.",
    }
    [Controller] Fail UNTYPED ASK_ISSUED {
        HostedOutOfScope "hosted_out_of_scope" "The badge is not hosted on its issuer's site.",
        IssuerUnavailable "issuer_unavailable" in [Controller, Status] as CouldNotCheck "The issuer's profile could not be fetched."
            => "Check again later, or ask the candidate for a link to the badge on the issuer's site.",
        KeyNotListed "key_not_listed" as Warning "The key is on the issuer's site, but the issuer's profile lists no keys." => "Compare the badge with the issuer's website.",
        SealChainUnchecked "seal_chain_unchecked" as CouldNotCheck "It could not be checked who owns the certificate that made the seal."
            => "Check the credential on the Europass site, which can check qualified seals. An administrator can add the authority of the seal to the trust policy.",
    }
    // Every value that a reader sees is covered by the signature.
    [Integrity] Fail CRYPTOGRAPHIC ASK_ORIGINAL {
        ClaimMissing "claim_missing" of MALFORMED "The token leaves out a field that it should repeat from the credential." => ASK_REISSUE,
        ClaimsMismatch "claims_mismatch" "The token gives two different values for the same field.",
        DisclosureInvalid "disclosure_invalid" in [Integrity, Format] "A part of the credential that the holder chose to show does not match the signature." => ASK_FILE,
        ResultWithholdable "result_withholdable" as Warning of OWN "The holder could have left out a result when sharing the credential." => ASK_RESULTS embedded UNTYPED ASK_RESULTS,
        SecondTruth "second_truth" in [Integrity, Format] of PARSING "The file holds a second document beside the signed document." => ASK_FILE,
        Undisclosed "undisclosed" in [Integrity, Format] "The shared copy leaves out a part that decides whether the credential is valid."
            => ASK_DISCLOSED embedded UNTYPED ASK_DISCLOSED,
        Withholdable "withholdable" as Warning of OWN "The holder could have left out the credential's validity or status when sharing it." => ASK_DISCLOSED
            embedded UNTYPED ASK_DISCLOSED,
    }
    [Integrity] Fail UNTYPED ASK_ORIGINAL {
        DataLoss "data_loss" of DATA_LOSS "A value is not covered by the signature.",
        InlineContext "inline_context" in [Context, Integrity] as Warning "The document itself defines the meaning of some of its words."
            => "Rely on the standard fields only, and ask the issuer about the others." embedded UNTYPED ASK_ORIGINAL,
        InnerContext "inner_context" "A part of the document brings its own vocabulary, which can change what its words mean.",
        InnerContextMissing "inner_context_missing" "A credential inside the document does not name its vocabulary.",
        KeywordMember "keyword_member" "A field could hide or move values that readers see.",
        NestedArray "nested_array" "A list directly inside another list reads differently from what was signed.",
        NodeRedescribed "node_redescribed" "The document describes the same thing twice in different ways.",
        NotPlain "not_plain" "A standard field is not written in its plain form, so readers could misread it.",
        NotSigned "not_signed" "A field is not covered by the signature.",
        RenamedMember "renamed_member" "The document hides a standard field under another name.",
        RepeatedType "repeated_type" "The document gives the same type twice.",
        TokenNotCovered "token_not_covered" as Warning "The presentation's signature does not cover the token inside it."
            => "Check by other means that the token is about the candidate.",
        ValueObject "value_object" "A value is written in a form that readers would miss.",
    }
    [Integrity] Warning UNTYPED NONE {
        FetchedFromOtherAddress "fetched_from_other_address" "A part of the badge was fetched from a different address than the badge names."
            => "Compare the badge with the issuer's website.",
        HostedCopyDiffers "hosted_copy_differs" "The file differs from the badge on the issuer's site; only the badge on the site was used."
            => "Ask the candidate how the file was made.",
        RelatedResourceMismatch "related_resource_mismatch" as Fail
            "A document that the credential refers to differs from the document that the issuer signed for." => "Ask the issuer to issue the credential again.",
        RelatedResourceTooMany "related_resource_too_many" "The credential refers to more documents than the gateway checks.",
    }
    // The period of validity.
    [Validity] Fail OWN NONE {
        AudienceMismatch "audience_mismatch" "The credential is addressed to someone other than you."
            => "Ask the candidate for a credential that is addressed to you, or to no one in particular.",
        AudienceUnknown "audience_unknown" as CouldNotCheck
            "The credential is addressed to certain readers, and your trust policy does not say whether you are one of them."
            => "If the credential is addressed to you, have your name added to the trust policy (audience). If not, ask the candidate for another credential.",
        DateMalformed "date_malformed" of MALFORMED "A date of the credential can't be read." => ASK_REISSUE,
        Expired "expired" "The credential has expired." => "Ask the candidate for a current credential.",
        NotYetValid "not_yet_valid" "The credential is not valid yet." => "Look at the credential again once it has become valid.",
        WindowInverted "window_inverted" of UNTYPED "The badge's dates say that it expired before it was issued." => "Ask the issuer to issue the badge again.",
    }
    // Whether the issuer has withdrawn the credential.
    [Status] Fail UNTYPED STATUS_LATER {
        NotRevoked "not_revoked" as Pass "The issuer has neither revoked nor suspended the credential." => NONE,
        Revoked "revoked" "The issuer has revoked the credential." => "Do not rely on the credential. Ask the candidate or the issuer why it was revoked.",
        Suspended "suspended" "The issuer has suspended the credential for now."
            => "Check again later, or ask the issuer when the credential will be valid again.",
        RefreshAvailable "refresh_available" as Warning "The issuer has a newer edition of the credential."
            => "Ask the candidate for the newer edition.",
        StatusEntryInvalid "status_entry_invalid" "The credential does not say correctly where its status is published."
            => "Ask the issuer to issue the credential again.",
        StatusMessage "status_message" as Warning "The issuer has published a remark about the credential." => "Read the remark.",
        StatusListOtherIssuer "status_list_other_issuer" as Warning "Someone other than the issuer signed the status list."
            => "To be certain, ask the issuer whether the credential is still valid.",
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
        StatusListWrongPurpose "status_list_wrong_purpose" "The status list was made for another purpose.",
        StatusListWrongType "status_list_wrong_type" "The document at the status list's address is not a status list.",
        StatusPurposeUnknown "status_purpose_unknown" of UNTYPED "The gateway does not know the purpose of the status list.",
        StatusTooManyEntries "status_too_many_entries" of UNTYPED "The credential has more status entries than the gateway checks.",
        StatusTypeUnknown "status_type_unknown" of UNTYPED "The gateway does not know this kind of status list.",
    }
    // Whether you trust the issuer.
    [IssuerTrust] Pass UNTYPED NONE {
        IssuerAllowed "issuer_allowed" "Your trust policy accepts this issuer.",
        IssuerRegistered "issuer_registered" "The issuer is listed in a registry that your trust policy accepts.",
        IssuerUnknownAllowed "issuer_unknown_allowed" "The issuer is not known; your trust policy accepts any issuer.",
        IssuerDenied "issuer_denied" as Fail "Your trust policy does not accept credentials from this issuer."
            => "Do not rely on the credential. If you think that the policy is wrong, ask the person who maintains it.",
        IssuerUnknown "issuer_unknown" as Warning "No one you trust has vouched for the issuer yet."
            => "Look the issuer up. If you trust it, have it added to the trust policy.",
        AchievementTypeNotCovered "achievement_type_not_covered" as Warning
            "Your trust policy accepts the issuer, but not for credentials of this kind."
            => "Ask the issuer whether it may award this, or ask the person who maintains the trust policy.",
        RegistryUnavailable "registry_unavailable" as CouldNotCheck "A registry did not answer, so it could not be checked whether the issuer is known." => "Check again later.",
    }
    // Whether the credential is about the person.
    [Recipient] Warning UNTYPED NONE {
        RecipientMatchedDid "recipient_matched_did" as Pass "The person proved that the identifier in the credential is theirs.",
        RecipientMatchedEmail "recipient_matched_email" as Pass "The credential names the person's e-mail address.",
        RecipientMatchedHash "recipient_matched_hash" as Pass "The credential names the person's e-mail address in a hidden form (a hash).",
        RecipientMatchedVariant "recipient_matched_variant" "The credential matches the person's e-mail address only without the part after the plus sign."
            => "Confirm that both addresses belong to the candidate.",
        RecipientMismatch "recipient_mismatch" as Fail "The credential was issued to someone other than the person named."
            => "Check the candidate's e-mail addresses: the badge may be bound to an older address. Ask the candidate which address it was issued to.",
        RecipientUnproven "recipient_unproven" "The credential matches only an e-mail address that someone gave for the person earlier, and the address is not proven."
            => "Ask the candidate whether the address is theirs. If it is, send the file again with the address. If it is not, remove the address from the candidate.",
        RecipientNameDiffers "recipient_name_differs" "The name in the credential differs from the person's name." => "Ask the candidate whether their name has changed.",
        RecipientNameOnly "recipient_name_only" "Only the name matches, and several people can have the same name."
            => "Ask the candidate to show the badge from their own account, or compare the e-mail address that it was issued to.",
        RecipientSeveral "recipient_several" "The credential is about several people or things."
            => "Read the credential and decide which part of it is about the candidate.",
        HolderUnbound "holder_unbound" "The wallet's answer to your request is not signed, so nothing proves that the credential is the sender's own." => SHARE_SIGNED,
        RecipientUnbound "recipient_unbound" "The credential does not say who it was issued to."
            => "Ask the candidate for other evidence that the credential is theirs.",
        RecipientUnknowable "recipient_unknowable" "The credential names its owner in a way that can't be compared with what is known about the person."
            => "Ask the candidate to present the credential from their wallet, or add the e-mail address that it was issued to.",
        MatchedLowerCase "matched_lower_case" as Pass "The e-mail address matched when capital letters were ignored.",
        UnsaltedHash "unsalted_hash" as Pass "The hash of the e-mail address has no salt, so anyone who knows the address can recognise it.",
        WeakHash "weak_hash" as Pass "The e-mail address is protected by an outdated hash (MD5).",
    }
    // Credentials inside the credential.
    [Nested] Warning UNTYPED LOOK_INSIDE {
        EndorsementInvalid "endorsement_invalid" "An endorsement inside can't be relied on; the credential itself is not affected."
            => "Do not rely on the endorsement.",
        NestedAttention "nested_attention" "Some of the credentials inside need a person's attention.",
        NestedRejected "nested_rejected" "Some of the credentials inside can't be relied on; the others are not affected.",
        NestedTooDeep "nested_too_deep" as CouldNotCheck "Some credentials lie too deep inside other credentials to be checked."
            => "Ask the candidate for the inner credentials one by one.",
        NestedTooMany "nested_too_many" as CouldNotCheck "The credential holds more credentials inside it than the gateway checks."
            => "Ask the candidate for the important credentials one by one.",
    }
}
