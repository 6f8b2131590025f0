//! OTP devices: list, register, ask for codes, change, delete.

mod key;

use entity::otp_device::{Algorithm, Model};
use kontor_openapi::{
    merchant::{
        CreateOtpDeviceReply, DeleteOtpDeviceReply, GetOtpDeviceReply, ListOtpDevicesReply,
        OtpDeviceAddDetails, OtpDeviceDetails, OtpDeviceEntry, OtpDevicePatchDetails,
        OtpDeviceSummaryResponse, OtpDevicesApi, UpdateOtpDeviceReply,
    },
    scalar::{Amount, OtpAlgorithm, Timestamp, TimestampParameter},
};

use super::{Caller, Merchant};
use crate::{
    app::App,
    audit::{Event, Origin, Recorder},
    db::{
        self, WriteTransaction,
        otp_device::{NewOtpDevice, OtpDeviceChange, OtpDeviceInsertion},
    },
    domain::otp,
    error::Error,
};
use key::{is_key_of, opened, sealed};

/// Devices that an instance may have.
const MOST: u64 = 1000;

impl OtpDevicesApi for Merchant {
    async fn list_otp_devices(&self, caller: Caller) -> Result<ListOtpDevicesReply, Error> {
        let devices = db::otp_device::list(self.app.database.read(), caller.instance.serial);
        let entry = |(otp_device_id, device_description)| OtpDeviceEntry {
            otp_device_id,
            device_description,
        };
        let otp_devices = devices.await?.into_iter().map(entry).collect();
        Ok(ListOtpDevicesReply::Ok(OtpDeviceSummaryResponse {
            otp_devices,
        }))
    }

    async fn create_otp_device(
        &self,
        caller: Caller,
        body: OtpDeviceAddDetails,
    ) -> Result<CreateOtpDeviceReply, Error> {
        let instance = (caller.instance.serial, &*caller.instance.instance_id);
        register(&self.app, &caller.origin, instance, body).await?;
        Ok(CreateOtpDeviceReply::NoContent)
    }

    async fn get_otp_device(
        &self,
        caller: Caller,
        device_id: String,
        faketime: Option<TimestampParameter>,
        price: Option<Amount>,
    ) -> Result<GetOtpDeviceReply, Error> {
        let seconds = self.seconds(faketime)?;
        let instance = &caller.instance;
        let reader = self.app.database.read();
        let device = db::otp_device::find(reader, instance.serial, &device_id).await?;
        let device = device.ok_or(Error::OtpDeviceUnknown)?;
        let algorithm = shown(device.algorithm);
        let otp_code = match algorithm {
            // Its key has no use; neither does opening it.
            OtpAlgorithm::None => None,
            algorithm => {
                let key = opened(&self.app.keyring, &instance.instance_id, &device)?;
                otp::confirmation(algorithm, &key, seconds, price.as_ref())
            }
        };
        Ok(GetOtpDeviceReply::Ok(OtpDeviceDetails {
            device_description: device.description,
            otp_algorithm: algorithm.number(),
            otp_ctr: device.ctr.map(i64::unsigned_abs),
            otp_timestamp: seconds,
            otp_code,
        }))
    }

    async fn update_otp_device(
        &self,
        caller: Caller,
        device_id: String,
        body: OtpDevicePatchDetails,
    ) -> Result<UpdateOtpDeviceReply, Error> {
        let (instance, algorithm) = (&caller.instance, body.otp_algorithm);
        let (keyring, serial) = (&self.app.keyring, instance.serial);
        let key = body.otp_key.as_ref();
        let change = OtpDeviceChange {
            description: body.otp_device_description,
            key: key.map(|key| sealed(keyring, &instance.instance_id, &device_id, key)),
            algorithm: stored(algorithm),
            ctr: counter(body.otp_ctr),
        };
        let audit = Recorder::new(&self.app, &caller.origin);
        let write = self.app.database.write(move |transaction| {
            let (audit, device_id, change) = (audit.clone(), device_id.clone(), change.clone());
            Box::pin(async move {
                let instance_id = held(transaction, serial).await?;
                let changed = db::otp_device::update(transaction, serial, &device_id, &change);
                let event = Event::OtpDeviceChanged {
                    device_serial: changed.await?.ok_or(Error::OtpDeviceUnknown)?,
                    algorithm,
                    key_replaced: change.key.is_some(),
                };
                audit.record(transaction, &instance_id, &event).await?;
                Ok::<_, Error>(())
            })
        });
        write.await?;
        Ok(UpdateOtpDeviceReply::NoContent)
    }

    async fn delete_otp_device(
        &self,
        caller: Caller,
        device_id: String,
    ) -> Result<DeleteOtpDeviceReply, Error> {
        let serial = caller.instance.serial;
        let audit = Recorder::new(&self.app, &caller.origin);
        let write = self.app.database.write(move |transaction| {
            let (audit, device_id) = (audit.clone(), device_id.clone());
            Box::pin(async move {
                let instance_id = held(transaction, serial).await?;
                let deleted = db::otp_device::delete(transaction, serial, &device_id).await?;
                let event = Event::OtpDeviceDeleted {
                    device_serial: deleted.ok_or(Error::OtpDeviceUnknown)?,
                };
                audit.record(transaction, &instance_id, &event).await?;
                Ok::<_, Error>(())
            })
        });
        write.await?;
        Ok(DeleteOtpDeviceReply::NoContent)
    }
}

/// Registers a device of an instance, which its serial number and its id name. One with the same values is there already then.
///
/// # Errors
/// [`Error::OtpDeviceExists`] for other values; [`Error::TooManyOtpDevices`]; [`Error::Malformed`] for an id that paths cannot have;
/// [`Error::InstanceUnknown`] and [`Error::InstanceDeleted`].
pub async fn register(
    app: &App,
    origin: &Origin,
    (instance_serial, instance_id): (i64, &str),
    device: OtpDeviceAddDetails,
) -> Result<(), Error> {
    let (keyring, id) = (&app.keyring, &device.otp_device_id);
    if matches!(id.as_str(), "." | "..") {
        // Clients would take it for another path.
        return Err(Error::Malformed {
            parameter: "otp_device_id",
            reason: "must be another name than `.` and `..`",
        });
    }
    let new = NewOtpDevice {
        instance_serial,
        otp_device_id: id.clone(),
        description: device.otp_device_description,
        key: sealed(keyring, instance_id, id, &device.otp_key),
        algorithm: stored(device.otp_algorithm),
        ctr: counter(device.otp_ctr),
        created_at_us: app.now_us(),
    };
    if let OtpDeviceInsertion::Exists(found) = insert(app, origin, &new).await? {
        let has_key = is_key_of(keyring, instance_id, &found, &device.otp_key)?;
        if !has_key || !is_otherwise_as(&found, &new) {
            return Err(Error::OtpDeviceExists);
        }
    }
    Ok(())
}

/// Stores a new device and records it, or finds the one that has its name.
async fn insert(
    app: &App,
    origin: &Origin,
    new: &NewOtpDevice,
) -> Result<OtpDeviceInsertion, Error> {
    let (audit, new) = (Recorder::new(app, origin), new.clone());
    let write = app.database.write(move |transaction| {
        let (audit, new) = (audit.clone(), new.clone());
        Box::pin(async move {
            let instance_id = held(transaction, new.instance_serial).await?;
            let insertion = db::otp_device::insert(transaction, &new).await?;
            if let OtpDeviceInsertion::Inserted(device_serial) = insertion {
                let count = db::otp_device::count(transaction, new.instance_serial).await?;
                if count > MOST {
                    return Err(Error::TooManyOtpDevices);
                }
                let event = Event::OtpDeviceCreated {
                    device_serial,
                    algorithm: shown(new.algorithm),
                };
                audit.record(transaction, &instance_id, &event).await?;
            }
            Ok::<_, Error>(insertion)
        })
    });
    write.await
}

impl Merchant {
    /// The time that codes are asked for.
    fn seconds(&self, faketime: Option<TimestampParameter>) -> Result<u64, Error> {
        match faketime {
            Some(TimestampParameter(Timestamp::Seconds(seconds))) => Ok(seconds),
            Some(TimestampParameter(Timestamp::Never)) => Err(Error::Malformed {
                parameter: "faketime",
                reason: "may not be never",
            }),
            None => Ok(u64::try_from(self.app.now_us() / 1_000_000).unwrap_or(0)),
        }
    }
}

/// The name of the instance, which nobody purges until this write ends: it may have been deleted since the caller was let in.
async fn held(transaction: &WriteTransaction, serial: i64) -> Result<String, Error> {
    let instance = db::instance::find_held(transaction, serial).await?;
    let instance = instance.ok_or(Error::InstanceUnknown)?;
    match instance.deleted_at_us {
        None => Ok(instance.instance_id),
        Some(_) => Err(Error::InstanceDeleted),
    }
}

/// Whether a device has the values of a new one, its key left aside.
fn is_otherwise_as(found: &Model, new: &NewOtpDevice) -> bool {
    (&found.description, found.algorithm, found.ctr) == (&new.description, new.algorithm, new.ctr)
}

/// The document bounds a counter to 2^53 - 1.
fn counter(ctr: Option<u64>) -> Option<i64> {
    ctr.and_then(|ctr| i64::try_from(ctr).ok())
}

fn stored(algorithm: OtpAlgorithm) -> Algorithm {
    match algorithm {
        OtpAlgorithm::None => Algorithm::None,
        OtpAlgorithm::TotpWithoutPrice => Algorithm::TotpWithoutPrice,
        OtpAlgorithm::TotpWithPrice => Algorithm::TotpWithPrice,
    }
}

fn shown(algorithm: Algorithm) -> OtpAlgorithm {
    match algorithm {
        Algorithm::None => OtpAlgorithm::None,
        Algorithm::TotpWithoutPrice => OtpAlgorithm::TotpWithoutPrice,
        Algorithm::TotpWithPrice => OtpAlgorithm::TotpWithPrice,
    }
}
