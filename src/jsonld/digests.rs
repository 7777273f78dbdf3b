//! Digests of the contexts as they are published: of the bytes that their addresses give, which need not be the bytes of the copies here.
//! Comes in: the URL of a context. Goes out: its digests. Must not know: who pins what by them.

/// One edition that was published at an address.
#[derive(Debug)]
pub struct Published {
    pub url: &'static str,
    /// Whether what stands at the address never changes, so that any other digest is wrong.
    pub is_fixed: bool,
    /// SHA-256, SHA-384 and SHA-512, in lower-case hex.
    pub digests: [&'static str; 3],
}

/// Every edition that is known of a built-in context.
pub fn of(url: &str) -> impl Iterator<Item = &'static Published> {
    PUBLISHED.iter().filter(move |published| published.url == url)
}

const fn fixed(url: &'static str, digests: [&'static str; 3]) -> Published {
    Published { url, is_fixed: true, digests }
}

/// The publisher has changed it under the same address, or may.
const fn current(url: &'static str, digests: [&'static str; 3]) -> Published {
    Published { url, is_fixed: false, digests }
}

#[rustfmt::skip]
const PUBLISHED: &[Published] = &[
    fixed("https://www.w3.org/2018/credentials/v1", [
        "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
        "82c3b3eab863754bbfd2b9f17d8d6db9f61169f301cbf0b05e1fc4beb5f5c51dd4d2e888c274f49c3fbb2408f61faed1",
        "536a40b390dda94a9e39196c00090f62668e8184fe3c8c02c4a22c85666e68bf6e85d3dc7f2dba85b2b62ef95d97de24132568d8504db43f2c9c82d2e88418d2",
    ]),
    fixed("https://www.w3.org/ns/credentials/v2", [
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
        "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
        "5d55452bd2dcf8a29f5a290473eb242b1c5fb77d4e68f1a0aa87baa4dba2694852d65ec63d48ac04a99d956f9f7153b9406f84d2d04c74869b02c239a1d81305",
    ]),
    current("https://www.w3.org/ns/credentials/undefined-terms/v2", [
        "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581",
        "b2a66ccddba70ba67ad99c2ff52e60558df0063cea51c4ca886e25d9ea73cfabb878baf92dc2ad2bda26c31391850d68",
        "7c525ff49bc479ec5da7fccf5d56497e4be408eb269d36609cc1f6ce1f9c4ee23e4aefb53d3728b4a1cac56da6518fcfde789af23a5dfb77f4ce693eb5ed581b",
    ]),
    fixed("https://www.w3.org/ns/credentials/status/v1", [
        "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7",
        "ac0ef813833ebd666b6170a61c5adacc6d7d2f5a040d16c2928e8414d4fa07f64d70313021e02bf4f97bdd123ed9a84e",
        "ff2ca7667b990373b46b12535e6b8de8eae270143278715ad935b159216521e514cb1ccd8517410a2429527e24d8fc96f88f8b734887a2602e6ee07b83b66fed",
    ]),
    fixed("https://w3id.org/vc/status-list/2021/v1", [
        "6dd06a52bedb771e059c1083ba8ba7848dce22f6b4a8cfa0b98ba3fc188870e4",
        "39cf407ecaeb587a59e2e367384219d14e52d5997624ce61bbc9af4a7e4e3f6205e5d100b4c4e6fd1e19bc37046c5194",
        "c0f46c24a26c7f3ab337137c8cb5a9aeb3477c057f52983026115b50c1680ad2bed6c7715db487f35e197ed272a80fb031e64514d8ec8b8799a3430b5d37509e",
    ]),
    fixed("https://www.w3.org/ns/did/v1", [
        "4f3eae5568c9c5f036a082088f9e192019ee06faa78973c87ff91d5421b88dad",
        "75f4decf8174a6f2d40c0ddbd8cdfb4300ead2466db4932259a483a6e11774932f15880786e1fbc16c4b399f9891b92b",
        "ec55295367dbe3aec9020b8807d0590a735d87cdcbb35ff04ef68537a6d09be9e3c1e47cead74b855d3584f83ad408f34da9b925647e084954aaf7f54807858f",
    ]),
    current("https://www.w3.org/ns/odrl.jsonld", [
        "f9937a5cf820abc39a1b954a3752132a9334fb23ec4a379e77a74a007c8f567d",
        "9d88d1cfd9933bc3f49dd8fbd633beaa9fac5cc829bb33ed1b807b5043eba560683d661ed7c1671caf2c8e3e169fc6bb",
        "661d7355edfd13e2ab1c9dcd573228ff597d7287c51feedc2ff5e01814b7eaa5d32b13671fdd361813d645592539443533f91660e91a166ae0f6dc95276495b4",
    ]),
    fixed("https://w3id.org/security/v1", [
        "abaf97e107d1925503c433dcaf3ffd2831697cacc1ed2a293e1bc8030d5bcb47",
        "5600a6491c9d259eb3fa605a471d096f51f8821f025e3ac4068743a3d01dc7b68787718620c6cfaca0a3e9c614d6d242",
        "bcdf8e65a49a82d78e8970579bb4c808b267602aaf4561197c914ef87538ff061dade20db72644df66f435500b0b1e1e549e68971290f142bfd7f5df90e13cbc",
    ]),
    fixed("https://w3id.org/security/v2", [
        "611bd81151d5efe53ec9aed78f5a813e577287bc9451ee26d6879b1b8b46bc3b",
        "0389bcd5f3cca9ab75aaed6d240089759f0ccf1f38de5823421196e9ca38633dbbb0b394356a793060dc47dd847a2529",
        "c9fef1e515673f34159a5ad1cceb4d843e9b10d316b24cc544046f1fdba880da83a7e83e4c7667eb9f8d090ea7cfa733d5e54a4859322154e2163974dec211ab",
    ]),
    fixed("https://w3id.org/security/data-integrity/v1", [
        "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
        "1f7b51154c2cb596b804d3eedeabb7678c7ea4d36f5201496a681dbd868d5dc0cb90a8839f5142ccdc91fdb92c5adcf2",
        "c49951bd9f3e8f4d231fce5e45798a2d32fb7ef4a4f1a2e8d2f3dab5d10333a1421339974ee77159edae259fcf73c7cf136f1e3004ded5af25ac38983d2e8eca",
    ]),
    fixed("https://w3id.org/security/data-integrity/v2", [
        "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
        "0ee2d7626717f8b07cd449b525d5e2b71fe27209fc99e53089e0169dd2944d793feea4526fc60bb9cca1cd96512391f6",
        "39cd7a9a4047b74b8524640fe35633e81e8286d14bdbb7e77d0e08d850b00d6a35b0185d5de35c479baedb23a17989d9f628ac95531fdd79c0c5a0f632d9fa95",
    ]),
    fixed("https://w3id.org/security/multikey/v1", [
        "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
        "0fa51641d12fb8c701b2e6a9492556f25d32bb4af84a96f11808f0a623b972434dd18a8f1f1865bc68d8ee046c4e5a3e",
        "127d1338ea7f702d745ed5bf6900eda8aac4419da5463181fca02c27e05085106e7d3eece9ea0e156bcff5c3f99eead397785c453bc579f7dd5496a991e10b5f",
    ]),
    fixed("https://w3id.org/security/jwk/v1", [
        "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece",
        "762dc55ce79f361e3bbeb7d3cb0ddb3e44b8e2885261f8283183959d1aaa33904af6a8005059ed9641500eab7d8ddae5",
        "0efbff84523d720a2f331fec4fbedc969ee2e75764c0ed325c72cb56bc539d3a9c642023c958735afd5357554ab1f7e13111f0dcf861f59b2bc045126cd85211",
    ]),
    fixed("https://w3id.org/security/bbs/v1", [
        "13c9ca884f29b002e9440d2a9b7aaf8611cf8f5b06fefb82161f9b81a67cebf2",
        "57fd210e63ef484c50a94d00477ee70dfffa3abdbf6e9df021146d6cedb459daec937bfb3aceff1828608bedc1b81cb8",
        "177171956d31b257b7f188ecb7440c7c6a73acfa164a11d3e433a24b35a460a3c941718f027c123379a3fb166e9958bb9c65d6219ac1fc3d54352e6b5e9ed962",
    ]),
    fixed("https://w3id.org/security/suites/ed25519-2018/v1", [
        "166c6abb9e08176cee5f6c87c9c1bbfefa5717da391bcac525e5437f93eab809",
        "2534f079fbec59edaa674cfd3094d0952972a48cc3e8fbe2f84eb24431c3afb5bb41fa385f184f2c9de831347acb7c0c",
        "f3f89aea4e44bbaeba2e6d4181dc0fafcc9dc4b62239a88a8c2ff8081460d2e34c5730fe3ce23279009bf66e0dd78b2b7cb8df18ec6f4da3b72afec32d9ae7c5",
    ]),
    fixed("https://w3id.org/security/suites/ed25519-2020/v1", [
        "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588",
        "098b18f472b842cfa7520364d4062aa3c97896c17a6a5ae72e6bfb509641e64eed96156b35f7771283dfd3a53ccd79d1",
        "796ae7e264d600419ff361bc63d6fcb4fa9d7355f51aaa5f15df3dc95e241900d615ea99554f4b849802cc82a016ce0294651dadf09ab5179499b475c221c28a",
    ]),
    fixed("https://w3id.org/security/suites/jws-2020/v1", [
        "d648e05ddc6577827ca2bfd5e931f53e9ebc6e52a57a8da81df4ec8c46ffcd1e",
        "68ace96e5e688f4ed074ccf4dcd2952e12ae653510047fc0b067707600fa6e061b1ef3ecf15946d452ad4c9fd246173b",
        "738090a1b4de1d8123819f056a30378dc1462202a530acfdd4daf1d4312547b58fc2b6389d73598b8569a1d249d796e630fe71a2aa7135bb49d9f9d444244305",
    ]),
    fixed("https://w3id.org/security/suites/secp256k1-2019/v1", [
        "8452efdde151151539b78d240f55cee7d9cc985bf078123ce310aa7ae04763b4",
        "5a8bbec34e760f9bdaf08b5ecbc5ecf8facd670fe80ebc804adc19ed7f0793a8fe0760967fdb9db2f24dac4e000610e6",
        "f4b227c4ef539648c0333a970d4e28fdaf4f80139673e804e787a801162b8d9abdae471594b72aff362c4f86f63daeb5ea2e3ff17ee5aa8b3ad3b9644bdb3b6b",
    ]),
    fixed("https://w3id.org/security/suites/x25519-2019/v1", [
        "d032497b819ad21259daaa11a1e0ce1153592fb58877751944d6b48768c0bf33",
        "a197db38f182f98b80b52d8688c9efa15a34221afbba8c4355646859d255f1443812a4f34b23433e78540498e3c71426",
        "e9dd1646bceac30431a362fa502a1232104577b48528a4ad7cd8f4706f14a1af6687f4893b9d26eb30acc73e101fbf147312458dd5b60fac2efc1d77adec4c0c",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context.json", [
        "b077fa134d909d92c1dcd1c153f2af1b244aeb415967fdc1467d7fc5dd48ac10",
        "cc77157457841319e05ab0d9657fe144150a626c1f0fd89c0e639f58d468edb5513597d9f14459310c86ec6b975b74cc",
        "6e9f47891f44591dc432245136dacdda016c1ba984faa79ebddb4ca69d2827301ffbfe2e5132d0a751d33fd0fb963c74fa7616a27185080248c49ad11e034f2a",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context/ob_v3p0.jsonld", [
        "b077fa134d909d92c1dcd1c153f2af1b244aeb415967fdc1467d7fc5dd48ac10",
        "cc77157457841319e05ab0d9657fe144150a626c1f0fd89c0e639f58d468edb5513597d9f14459310c86ec6b975b74cc",
        "6e9f47891f44591dc432245136dacdda016c1ba984faa79ebddb4ca69d2827301ffbfe2e5132d0a751d33fd0fb963c74fa7616a27185080248c49ad11e034f2a",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", [
        "d582f3564282fb3b709136d28412e78e70b678b4dbc2f0221f67d84932748355",
        "410e4d78c8f236cd46b8bfd16d9ae498dae1fc4eebef0ef679bd821b87fc3334d96f6b585dde226471a7ba2cc9367195",
        "d5c9fecf908b1d743e57f1c14f4fb49a8e7418261355b7d1dc1772c6af6afa7fc155e31d154c7cb17f71f93c6a453e541234ec406bd43f2443df072be9ac6eb6",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", [
        "00666ad080ba407687ed1846b7f5e7495f5019042b202a727de47c48a1755c53",
        "7e000a9c71becc13b359560470d4d1b00f8d154ca052c54cdd20c7de6b87af5afc82aa2d2e571a94bff762b9155ea874",
        "78b1442f25e2eececf4d7b274f0619ec84ccd6b81e95e7b01e55899d533e143678e9fa78b4c78c3e37c14a829c365838fa30a43371d47b65142933df758dd19b",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", [
        "ef2fa9c7846dce233cc166b43639027278be4ee44f00bb1d45c75de2dd0cd761",
        "c859f6c00a1e0013ee79c1e5cc7566b6dfa6c28971c46ce1ab3221cdfba2b6c6d86e630e567d03c0c780bc2f9ad517a4",
        "efb12b27bf61402ca251e395626310dc0a3db076a4d7e4a9bdbef9fef967655d9b2bc73b93e12ea8248c283904f4d700706c73a9ad6252ffc6eb907d97c70b76",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", [
        "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
        "c58d73edcd2c17e701985f918cc8c684485f2c5399ffbddcacb3de5744f090000f244e5f87292c353298accfb0d894e3",
        "55648c6b454a777840f947a63a9cc11470b12eec88d71fd39716bad1f1e226419f4935ea475b8bc990c1d004086f7c44a9d163de4f9676fcc26480a773efc050",
    ]),
    current("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", [
        "146f85aa16effd7ca1da8056eb443f53ce1eca8a34186cb062832c0a97d889c3",
        "cf59a4b4b190ae798814ab6bc911c02efde291c386aed1bb11bd5a572d1eb2669bfd87019e994388db504a09ac244d5e",
        "c4c25835ccbf75d1af4a8aad0bbca3d227b904cf462e0c7f17679dd90ff2e27b90fbaa15c3ab1525651471cff076f7cea3dabfd3eae33789e4a4c1f5ab276ca6",
    ]),
    current("https://purl.imsglobal.org/spec/clr/v2p0/context.json", [
        "e198d7b517d74c5036434ce495086f67b10244709e9a3df9dcb7f8b1579b6167",
        "2abca41440ff4aa4e6e2ae0c00851e7110a9b15f6d519561ae8c83e6b1a4f5e894313c72b60086709f03f36a5c67ceff",
        "db0100c1d47e67d3b04986e8e9d6a1c304a24dd9dfaacd54d21f0d691aab0eeae8bb3b145307393199a182b71e997ec598ab4743546f74f80fb97e3f666b336f",
    ]),
    current("https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json", [
        "880f1902d4158f2f33ce06af41b90719977cd1ea337a9de2e41edb3ff5e543d6",
        "a846ad923699c67df5d09324134c645d1e15f4429f248856cbf1ca8967764cf8741476ea557dd505c891fe47e2487a1d",
        "a122c8c9243e53f93f0751a7fb4407f1187a99b66ef1860c8d1037df5d0ec3c8d9f2fca7de381709af390277c8b9ad39f777b1e505b4fd26c849fa0a9e36b5c4",
    ]),
    current("https://w3c-ccg.github.io/vc-ed/plugfest-1-2022/jff-vc-edu-plugfest-1-context.json", [
        "3bc63c2ac768b6c3ae9a1beeb2564b3156b47c4a3ffae1ae49b553d3664f2749",
        "e5173d490af3603e60c5b75b6649628479c266b1f50688fd305f611e0d103de65059ef4334371aca7821e4b857dbf050",
        "9cc78df9fbef476db222cd275836deb212b44dee72d4aa3a80dded018f75484725b1c0c85b8b228dbd8c850de7568a4fa6949446d1b37b7d23626b59c0f594c0",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonld::Contexts;

    #[test]
    fn the_digests_are_those_of_built_in_contexts_and_of_the_right_length() {
        for published in PUBLISHED {
            assert!(Contexts::built_in().is_built_in(published.url), "{}", published.url);
            let lengths = published.digests.map(|digest| hex::decode(digest).unwrap().len());
            assert_eq!(lengths, [32, 48, 64], "{}", published.url);
        }
        // Data model 2.0, appendix B.1, names this digest itself.
        let model = of("https://www.w3.org/ns/credentials/v2").next().unwrap();
        assert_eq!(model.digests[0], "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734");
    }
}
