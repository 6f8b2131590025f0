//! The keys of OTP devices, sealed for the database.

use entity::{SecretBytes, otp_device::Model};
use kontor_openapi::scalar::OtpKey;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    db::otp_device::SealedOtpKey,
    error::Error,
    secrets::{Keyring, Purpose},
};

/// A key that opens only for the device of that name in the instance of that name.
pub(super) fn sealed(
    keyring: &Keyring,
    instance_id: &str,
    otp_device_id: &str,
    key: &OtpKey,
) -> SealedOtpKey {
    let context = context(instance_id, otp_device_id);
    SealedOtpKey {
        sealed: SecretBytes::new(keyring.seal(Purpose::OtpDeviceKey, &context, key.expose())),
        key_id: keyring.newest_id().to_string(),
    }
}

/// The key of a device.
///
/// # Errors
/// [`Error::Internal`] where it does not open: its row was damaged or moved, or the key file lost a key.
pub(super) fn opened(
    keyring: &Keyring,
    instance_id: &str,
    device: &Model,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let context = context(instance_id, &device.otp_device_id);
    keyring
        .open(Purpose::OtpDeviceKey, &context, device.sealed_key.expose())
        .map_err(|error| {
            Error::Internal(format!(
                "the key of OTP device {} does not open: {error}",
                device.serial
            ))
        })
}

/// Whether this is the key of a device, in constant time.
///
/// # Errors
/// Those of [`opened`].
pub(super) fn is_key_of(
    keyring: &Keyring,
    instance_id: &str,
    device: &Model,
    key: &OtpKey,
) -> Result<bool, Error> {
    let stored = opened(keyring, instance_id, device)?;
    Ok(stored.as_slice().ct_eq(key.expose()).into())
}

/// Both names, of which the first has its length in front: no other pair gives the same bytes.
fn context(instance_id: &str, otp_device_id: &str) -> Vec<u8> {
    let length = (instance_id.len() as u64).to_be_bytes();
    [&length, instance_id.as_bytes(), otp_device_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use entity::otp_device::Algorithm;

    use super::*;
    use crate::{random::Random, secrets::MasterKey};

    fn device(otp_device_id: &str, key: SealedOtpKey) -> Model {
        Model {
            serial: 1,
            instance_serial: 1,
            otp_device_id: otp_device_id.to_owned(),
            description: String::new(),
            sealed_key: key.sealed,
            key_id: key.key_id,
            algorithm: Algorithm::TotpWithoutPrice,
            ctr: None,
            created_at_us: 0,
        }
    }

    #[test]
    fn a_key_opens_for_its_device_and_instance_alone() {
        let random = Random::seeded(5);
        let keyring = Keyring::new(MasterKey::generate(&random), Vec::new(), random);
        let key = OtpKey::parse("GEZDGNBV").unwrap();
        let seal = || sealed(&keyring, "shop", "till", &key);
        let till = device("till", seal());
        assert_eq!(*opened(&keyring, "shop", &till).unwrap(), b"12345");
        assert!(is_key_of(&keyring, "shop", &till, &key).unwrap());
        for other in ["GEZDGNBW", "GEZDGNA", "GEZDGNBVGY"] {
            let other = OtpKey::parse(other).unwrap();
            assert!(!is_key_of(&keyring, "shop", &till, &other).unwrap());
        }
        for (instance, id) in [
            ("shop", "till2"),
            ("shop2", "till"),
            ("shopt", "ill"),
            ("sho", "ptill"),
        ] {
            let moved = device(id, seal());
            assert!(opened(&keyring, instance, &moved).is_err());
        }
    }

    #[test]
    fn nothing_prints_a_stored_device_with_its_key() {
        let key = SealedOtpKey {
            sealed: SecretBytes::new(*b"sealed"),
            key_id: "K".to_owned(),
        };
        assert!(!format!("{key:?} {:?}", device("till", key.clone())).contains("115"));
    }
}
